// Keywords about texts and numbers, and constants.
#include <algorithm>

#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "inference/grammar/formats.h"
#include "inference/grammar/literals.h"
#include "inference/grammar/numbers.h"
#include "inference/grammar/regex.h"
#include "inference/grammar/schema_compiler.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAnything;
using engine::grammar::Kind;
using engine::grammar::kNever;
using engine::grammar::kUnbounded;
using engine::grammar::only;

}  // namespace

bool SchemaCompiler::count(const json::Object& schema, std::string_view keyword,
                           std::uint32_t& out) {
  const auto* value = find(schema, keyword);
  if (!value) return false;
  double number = -1;
  if (value->is_int64()) number = static_cast<double>(value->get_int64());
  if (value->is_uint64()) number = static_cast<double>(value->get_uint64());
  if (value->is_double()) number = value->get_double();
  if (number < 0 ||
      number != static_cast<double>(static_cast<std::uint64_t>(std::min(number, 1e18)))) {
    refuse(keyword, "a whole number that is not negative is expected");
    return false;
  }
  out = number >= static_cast<double>(kUnbounded) ? kUnbounded - 1
                                                  : static_cast<std::uint32_t>(number);
  return true;
}

engine::grammar::TermId SchemaCompiler::pattern(const json::Value& pattern,
                                                std::string_view keyword) {
  if (!pattern.is_string()) {
    refuse(keyword, "a text is expected");
    return kAnything;
  }
  const std::string text(pattern.get_string());
  if (const auto found = patterns_.find(text); found != patterns_.end()) return found->second;
  auto term = regex_term(terms_, text);
  if (!term) {
    refuse(keyword,
           fmt::format("the pattern '{}' cannot be enforced: {}", text.substr(0, 100),
                       term.error().message),
           term.error().code == ErrorCode::Unsupported ? ErrorCode::InvalidRequest
                                                       : term.error().code);
    return kAnything;
  }
  patterns_.emplace(text, *term);
  return *term;
}

std::optional<engine::grammar::TermId> SchemaCompiler::format(std::string_view name) {
  const auto expression = format_pattern(name);
  if (!expression) return std::nullopt;
  const std::string key = "\x01" + std::string(name);
  if (const auto found = patterns_.find(key); found != patterns_.end()) return found->second;
  const auto term = regex_term(terms_, *expression, {.whole = true});
  if (!term) return std::nullopt;
  patterns_.emplace(key, *term);
  return *term;
}

engine::grammar::TermId SchemaCompiler::common_email() {
  constexpr std::string_view expression =
      "[A-Za-z0-9]+([._-][A-Za-z0-9]+)*@([A-Za-z0-9]+(-[A-Za-z0-9]+)*\\.)+[A-Za-z]{2,}";
  return regex_term(terms_, expression, {.whole = true}).value_or(kAnything);
}

void SchemaCompiler::add_text(const json::Object& schema, Parts& parts) {
  engine::grammar::ScalarRule rule;
  std::vector<TermId> terms;
  count(schema, "minLength", rule.length_min);
  if (!count(schema, "maxLength", rule.length_max)) rule.length_max = kUnbounded;
  if (const auto* expression = find(schema, "pattern")) {
    terms.push_back(pattern(*expression, "pattern"));
  }
  if (const auto* name = find(schema, "format"); name && name->is_string()) {
    const std::string_view text = name->get_string();
    if (const auto term = format(text)) {
      terms.push_back(*term);
      // What is generated goes to validators that take less than the RFC lets in.
      if (options_.schema_order && text == "email") terms.push_back(common_email());
      if (options_.schema_order && text == "uri") {
        constexpr std::string_view plain = "[A-Za-z][A-Za-z0-9+.-]*:[/A-Za-z0-9].*";
        terms.push_back(regex_term(terms_, plain, {.whole = true}).value_or(kAnything));
      }
      if (text == "hostname") rule.length_max = std::min(rule.length_max, 253u);
    } else if (options_.strict) {
      refuse("format",
             fmt::format("'{}' is not a format that can be enforced", text.substr(0, 100)));
    }
  }
  rule.term = terms_.intersection(terms);
  parts.push_back(nodes_.text(rule));
}

void SchemaCompiler::add_bound(const json::Object& schema, std::string_view keyword, Parts& parts) {
  const auto* value = find(schema, keyword);
  if (!value) return;
  const bool lower = keyword == "minimum" || keyword == "exclusiveMinimum";
  const bool exclusive_keyword = keyword.starts_with("exclusive");
  if (exclusive_keyword && !from(Draft::D6)) return;  // a boolean there, read with the bound
  if (!value->is_number()) {
    refuse(keyword, "a number is expected");
    return;
  }
  const auto limit = decimal(*value);
  if (!limit || limit->whole.size() > 400 || limit->fraction.size() > 400) {
    refuse(keyword, "this number is too large or too small");
    return;
  }
  bool exclusive = exclusive_keyword;
  if (!from(Draft::D6)) {
    const auto* flag = find(schema, lower ? "exclusiveMinimum" : "exclusiveMaximum");
    exclusive = flag && flag->is_bool() && flag->get_bool();
  }
  const Bound bound = lower ? (exclusive ? Bound::Above : Bound::AtLeast)
                            : (exclusive ? Bound::Below : Bound::AtMost);
  parts.push_back(nodes_.number(bounded(terms_, *limit, bound)));
}

void SchemaCompiler::add_number(const json::Object& schema, Parts& parts) {
  for (const std::string_view keyword :
       {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
    add_bound(schema, keyword, parts);
  }
  const std::string_view keyword = draft_ == Draft::D3 ? "divisibleBy" : "multipleOf";
  if (const auto* value = find(schema, keyword)) {
    const auto divisor = value->is_number() ? decimal(*value) : std::nullopt;
    const auto term = divisor ? multiple_of(terms_, *divisor) : std::nullopt;
    if (!term) {
      refuse(keyword, "a positive number of moderate size is needed to enforce this");
      return;
    }
    parts.push_back(nodes_.number(*term));
  }
}

void SchemaCompiler::add_enumeration(const json::Object& schema, Parts& parts) {
  if (const auto* values = find(schema, "enum")) {
    if (const auto* array = values->if_array()) {
      parts.push_back(any_of_values(*array));
    } else {
      refuse("enum", "a list of values is expected");
    }
  }
  if (const auto* value = find(schema, "const"); value && from(Draft::D6)) {
    parts.push_back(constant(*value, 0));
  }
}

engine::grammar::NodeId SchemaCompiler::any_of_values(const json::Array& values) {
  Parts options;
  std::vector<std::string_view> texts;
  std::vector<TermId> numbers;
  for (const json::Value& value : values) {
    if (value.is_string()) {
      texts.push_back(value.get_string());
    } else if (value.is_number()) {
      numbers.push_back(equal_to(terms_, value));
    } else {
      options.push_back(constant(value, 0));
    }
    if (spent()) return kNever;
  }
  if (!texts.empty()) {
    const TermId term = any_literal(terms_, std::move(texts));
    if (term == engine::grammar::kNothing) {
      return refuse("enum", "it is too large to enforce", ErrorCode::TooLarge);
    }
    const NodeId text = nodes_.text({.term = term});
    options.push_back(nodes_.all(nodes_.kinds(only(Kind::Text)), text));
  }
  if (!numbers.empty()) {
    const NodeId number = nodes_.number(terms_.alternatives(numbers));
    options.push_back(nodes_.all(nodes_.kinds(only(Kind::Number)), number));
  }
  return nodes_.any(options);
}

engine::grammar::NodeId SchemaCompiler::constant(const json::Value& value, int depth) {
  if (depth > limits::schema_constant_depth_max || spent())
    return refuse("const", "it is nested too deeply");
  if (value.is_null()) return nodes_.kinds(only(Kind::Null));
  if (value.is_bool()) return nodes_.kinds(only(value.get_bool() ? Kind::True : Kind::False));
  if (value.is_string() || value.is_number()) return any_of_values({value});
  if (const auto* array = value.if_array()) {
    engine::grammar::ListRule rule;
    for (const json::Value& item : *array) rule.prefix.push_back(constant(item, depth + 1));
    rule.items = kNever;
    rule.count_min = rule.count_max = static_cast<std::uint32_t>(array->size());
    return nodes_.all(nodes_.kinds(only(Kind::List)), nodes_.list(std::move(rule)));
  }
  engine::grammar::RecordRule rule;
  for (const auto& [key, member] : value.get_object()) {
    rule.keys.push_back({std::string(key), constant(member, depth + 1), /*required=*/true});
  }
  std::ranges::sort(rule.keys, {}, &engine::grammar::RecordRule::Key::name);
  rule.additional = kNever;
  return nodes_.all(nodes_.kinds(only(Kind::Record)), nodes_.record(std::move(rule)));
}

}  // namespace inference::grammar
