#include "inference/grammar/notation.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "inference/grammar/json_escaped.h"
#include "inference/grammar/regex.h"
#include "inference/grammar/rule_builder.h"

namespace inference::grammar {
namespace {

using engine::grammar::kUnbounded;
using engine::grammar::RuleId;
using engine::grammar::TermId;

// Whether an expression needs no rules: it is then one term, which is much faster to run.
class Compiler {
 public:
  Compiler(const Notation& notation, RuleBuilder& builder, bool quoted)
      : notation_(notation), builder_(builder), quoted_(quoted) {}

  Result<Fragment> compile() {
    if (!notation_.rules.contains(notation_.start)) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("Invalid grammar: there is no rule '{}'.", notation_.start));
    }
    for (const auto& [name, expression] : notation_.rules)
      rule_ids_.emplace(name, builder_.add_rule());
    for (const auto& [name, expression] : notation_.rules) {
      builder_.define(rule_ids_.at(name), rule_body(name, expression));
      if (error_) return fail(*error_);
    }
    if (builder_.terms().exhausted()) refuse("it is too large");
    if (const RuleId rule = builder_.left_recursive(); !error_ && rule != UINT32_MAX) {
      for (const auto& [name, id] : rule_ids_) {
        if (id == rule)
          refuse(fmt::format("rule '{}' calls itself before it reads anything", name));
      }
    }
    if (error_) return fail(*error_);
    const Fragment start = builder_.call(rule_ids_.at(notation_.start));
    return notation_.ignored.empty() ? start : builder_.sequence({ignorable(), start});
  }

 private:
  void refuse(std::string_view what) {
    if (!error_) {
      error_ = Error{ErrorCode::InvalidRequest, fmt::format("Invalid grammar: {}.", what)};
    }
  }

  // name: name x | y is name: y (x)*.
  Fragment rule_body(const std::string& name, const Expression& body) {
    const auto starts_with_itself = [&](const Expression& option) {
      return option.kind == Expression::Kind::Sequence && option.children.size() > 1 &&
             option.children[0].kind == Expression::Kind::Name && option.children[0].text == name;
    };
    if (body.kind != Expression::Kind::Choice ||
        std::ranges::none_of(body.children, starts_with_itself)) {
      return fragment(body, 0);
    }
    std::vector<Fragment> first, more;
    for (const Expression& option : body.children) {
      if (starts_with_itself(option)) {
        Expression rest = option;
        rest.children.erase(rest.children.begin());
        more.push_back(fragment(rest, 0));
      } else {
        first.push_back(fragment(option, 0));
      }
    }
    return builder_.sequence({builder_.choice(first), builder_.any_number(builder_.choice(more))});
  }

  Fragment ignorable() {
    std::vector<Fragment> options;
    for (const std::string& name : notation_.ignored)
      options.push_back(builder_.call(rule_ids_.at(name)));
    return builder_.any_number(builder_.choice(options));
  }

  Fragment text(TermId term) {
    if (!quoted_) return builder_.text(term);
    const auto quoted = json_escaped(builder_.terms(), term);
    if (quoted) return builder_.text(*quoted);
    refuse("a terminal is too complex to be written inside JSON");
    return builder_.nothing();
  }

  // In a grammar that ignores things, rules (in lower case) have them after each terminal.
  bool spaced() const { return !notation_.ignored.empty() && !in_terminal_; }
  Fragment terminal(Fragment read) {
    return spaced() ? builder_.sequence({read, ignorable()}) : read;
  }

  static bool is_terminal(std::string_view name) {
    return std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }) &&
           std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
  }

  Fragment fragment(const Expression& e, int depth) {
    if (depth > limits::grammar_groups_depth_max) refuse("groups are nested too deeply");
    if (builder_.size() > limits::grammar_places_max) refuse("it is too large");
    if (builder_.terms().exhausted()) refuse("it is too large or takes too long");
    if (error_) return builder_.nothing();
    switch (e.kind) {
      case Expression::Kind::Name: return named(e, depth);
      case Expression::Kind::Json: return json(e.text);
      case Expression::Kind::Sequence:
      case Expression::Kind::Choice: {
        if (const auto whole = term(e, depth); whole && !spaced()) return text(*whole);
        std::vector<Fragment> parts;
        for (const Expression& child : e.children) parts.push_back(fragment(child, depth + 1));
        return e.kind == Expression::Kind::Sequence ? builder_.sequence(parts)
                                                    : builder_.choice(parts);
      }
      case Expression::Kind::Repeat:
        if (const auto whole = term(e, depth); whole && !spaced()) return text(*whole);
        if (e.count_min > limits::grammar_repeats_max ||
            (e.count_max != kUnbounded && e.count_max > limits::grammar_repeats_max)) {
          refuse(
              fmt::format("a rule can be repeated at most {} times", limits::grammar_repeats_max));
          return builder_.nothing();
        }
        return builder_.repeat([&] { return fragment(e.children[0], depth + 1); }, e.count_min,
                               e.count_max);
      default: {
        const auto read = term(e, depth);
        return read ? terminal(text(*read)) : builder_.nothing();
      }
    }
  }

  Fragment named(const Expression& e, int depth) {
    const auto found = rule_ids_.find(e.text);
    if (found == rule_ids_.end()) {
      refuse(fmt::format("there is no rule '{}'", e.text.substr(0, 100)));
      return builder_.nothing();
    }
    if (const auto whole = term(e, depth)) {
      const Fragment read = text(*whole);
      return is_terminal(e.text) ? terminal(read) : read;
    }
    return builder_.call(found->second);
  }

  Fragment json(const std::string& text) {
    if (quoted_) {
      refuse("%json cannot be used where the text is itself written inside JSON");
      return builder_.nothing();
    }
    auto schema = json::parse(text);
    if (!schema) {
      refuse("the schema after %json is no JSON: " + schema.error().message);
      return builder_.nothing();
    }
    auto node = add_json_schema(builder_.tables(), *schema);
    if (!node) {
      if (!error_) error_ = node.error();
      return builder_.nothing();
    }
    return terminal(builder_.value(*node));
  }

  // The expression as a term, when it and all it names are regular and no rule of them is spaced.
  std::optional<TermId> term(const Expression& e, int depth) {
    auto& terms = builder_.terms();
    if (depth > limits::grammar_groups_depth_max || error_) return std::nullopt;
    switch (e.kind) {
      case Expression::Kind::Literal:
        if (e.ignore_case) return regex(e.text, true, true, false);
        return terms.literal(e.text);
      case Expression::Kind::Points: return e.points.term(terms);
      case Expression::Kind::Regex: return regex(e.text, false, e.ignore_case, e.dot_all);
      case Expression::Kind::Json: return std::nullopt;
      case Expression::Kind::Repeat: {
        const auto inner = term(e.children[0], depth + 1);
        if (!inner) return std::nullopt;
        return terms.repeat(*inner, e.count_min, e.count_max);
      }
      case Expression::Kind::Sequence:
      case Expression::Kind::Choice: {
        std::vector<TermId> parts;
        for (const Expression& child : e.children) {
          const auto part = term(child, depth + 1);
          if (!part) return std::nullopt;
          parts.push_back(*part);
        }
        if (e.kind == Expression::Kind::Choice) return terms.alternatives(parts);
        TermId whole = engine::grammar::kEpsilon;
        for (std::size_t i = parts.size(); i-- > 0;) whole = terms.concat(parts[i], whole);
        return whole;
      }
      case Expression::Kind::Name: return named_term(e.text, depth);
    }
    return std::nullopt;
  }

  std::optional<TermId> named_term(const std::string& name, int depth) {
    if (const auto known = terms_.find(name); known != terms_.end()) return known->second;
    const auto rule = notation_.rules.find(name);
    if (rule == notation_.rules.end() || !open_.insert(name).second) return std::nullopt;
    std::optional<TermId> result;
    if (notation_.ignored.empty() || is_terminal(name)) {
      const bool outer = in_terminal_;
      in_terminal_ = true;
      result = term(rule->second, depth + 1);
      in_terminal_ = outer;
    }
    open_.erase(name);
    // A rule that was met inside itself is recursive, and so is each that contains it for certain;
    // what else failed on the way is tried again.
    if (result || open_.empty()) terms_.emplace(name, result);
    return result;
  }

  std::optional<TermId> regex(const std::string& text, bool literal, bool ignore_case,
                              bool dot_all) {
    std::string pattern;
    for (const char c : text) {
      const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
      if (literal && !word) pattern += '\\';
      pattern += c;
    }
    auto result = regex_term(builder_.terms(), pattern,
                             {.whole = true, .ignore_case = ignore_case, .dot_all = dot_all});
    if (!result) {
      refuse(fmt::format("/{}/: {}", text.substr(0, 100), result.error().message));
      return std::nullopt;
    }
    return *result;
  }

  const Notation& notation_;
  RuleBuilder& builder_;
  const bool quoted_;
  std::map<std::string, RuleId> rule_ids_;
  std::map<std::string, std::optional<TermId>> terms_;
  std::set<std::string> open_;
  bool in_terminal_ = false;
  std::optional<Error> error_;
};

}  // namespace

Expression repeated(Expression part, std::uint32_t count_min, std::uint32_t count_max) {
  Expression out{.kind = Expression::Kind::Repeat, .count_min = count_min, .count_max = count_max};
  out.children.push_back(std::move(part));
  return out;
}

std::optional<std::uint32_t> TextReader::number() {
  std::optional<std::uint32_t> value;
  while (peek() >= '0' && peek() <= '9') {
    const auto digit = static_cast<std::uint32_t>(text[at++] - '0');
    value = std::min(value.value_or(0) * 10 + digit, 100'000'000u);
  }
  return value;
}

std::size_t TextReader::line() const {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

std::uint32_t TextReader::point(bool escapes) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead >= 0x80) {
    const std::size_t n_after = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    std::uint32_t value = lead & (0x3Fu >> n_after);
    for (std::size_t i = 0; i < n_after && more(); ++i) {
      value = value << 6 | (static_cast<unsigned char>(text[at++]) & 0x3Fu);
    }
    return value;
  }
  if (lead != '\\' || !escapes || !more()) return lead;
  const char letter = text[at++];
  const std::size_t n_digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < n_digits && more(); ++i) {
    const char c = peek();
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) break;
    value = value << 4 | static_cast<std::uint32_t>(digit);
    ++at;
  }
  if (n_digits > 0) return std::min(value, 0x10FFFFu);
  switch (letter) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'f': return '\f';
    case 'v': return '\v';
    case 'b': return '\b';
    case '0': return 0;
    default: return static_cast<unsigned char>(letter);
  }
}

std::unexpected<Error> syntax_error(const TextReader& reader, std::string_view what) {
  return fail(ErrorCode::InvalidRequest,
              fmt::format("Invalid grammar: {} on line {}.", what, reader.line()));
}

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  const int n_after = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[n_after] | (point >> 6 * n_after));
  for (int i = n_after - 1; i >= 0; --i) {
    out += static_cast<char>(0x80 | ((point >> 6 * i) & 0x3F));
  }
}

Result<std::string> quoted_text(TextReader& reader, char quote) {
  std::string text;
  while (reader.more() && reader.peek() != quote && reader.peek() != '\n') {
    append_utf8(text, reader.point(true));
  }
  if (!reader.take(std::string_view(&quote, 1)))
    return syntax_error(reader, "a text is not closed");
  return text;
}

Result<Fragment> add_grammar(RuleBuilder& builder, const GrammarFormat& format, bool quoted) {
  if (format.definition.size() > limits::grammar_definition_bytes_max) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Invalid grammar: it is too long: {} bytes. At most {} are supported.",
                            format.definition.size(), limits::grammar_definition_bytes_max));
  }
  if (format.syntax != GrammarFormat::Syntax::Regex) {
    auto notation = format.syntax == GrammarFormat::Syntax::Lark ? parse_lark(format.definition)
                                                                 : parse_gbnf(format.definition);
    if (!notation) return fail(std::move(notation.error()));
    return Compiler(*notation, builder, quoted).compile();
  }
  auto term = regex_term(builder.terms(), format.definition, {.whole = true});
  if (!term) {
    return fail(ErrorCode::InvalidRequest, fmt::format("Invalid regex: {}.", term.error().message));
  }
  if (builder.terms().exhausted())
    return fail(ErrorCode::InvalidRequest, "Invalid regex: it is too large or takes too long.");
  if (!quoted) return builder.text(*term);
  const auto escaped = json_escaped(builder.terms(), *term);
  if (escaped) return builder.text(*escaped);
  return fail(ErrorCode::InvalidRequest,
              "Invalid regex: it is too complex to be written inside JSON.");
}

Result<CompiledGrammar> compile_grammar(const GrammarFormat& format) {
  RuleBuilder builder;
  const RuleId rule = builder.add_rule();
  auto body = add_grammar(builder, format, /*quoted=*/false);
  if (!body) return fail(std::move(body.error()));
  builder.define(rule, *body);
  return builder.finish(rule, Whitespace::Flexible);
}

Result<CompiledGrammar> compile_regex(std::string_view pattern) {
  return compile_grammar({GrammarFormat::Syntax::Regex, std::string(pattern)});
}

}  // namespace inference::grammar
