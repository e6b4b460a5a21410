#include "inference/grammar/tool_grammar.h"

#include <algorithm>
#include <map>

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "inference/grammar/literals.h"
#include "inference/grammar/notation.h"
#include "inference/grammar/plain_string.h"
#include "inference/grammar/regex.h"
#include "inference/grammar/rule_builder.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAnything;
using engine::grammar::kUnbounded;
using engine::grammar::TermId;

// "#/properties/a/items/0" below "tools[0].parameters" is
// "tools[0].parameters.properties.a.items[0]".
std::string below(const std::string& base, std::string_view pointer) {
  std::string path = base;
  if (pointer.starts_with("#")) pointer.remove_prefix(1);
  while (pointer.starts_with("/")) {
    pointer.remove_prefix(1);
    const auto step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    const bool is_index =
        !step.empty() && std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; });
    path += is_index ? fmt::format("[{}]", step) : fmt::format(".{}", step);
  }
  boost::algorithm::replace_all(path, "~1", "/");
  boost::algorithm::replace_all(path, "~0", "~");
  return path;
}

class PartCompiler {
 public:
  Result<CompiledGrammar> compile(const Part& part, Whitespace whitespace) {
    const auto rule = builder_.add_rule();
    builder_.define(rule, fragment(part));
    if (error_) return fail(*error_);
    if (builder_.terms().exhausted() || builder_.size() > limits::grammar_places_max) {
      return fail(ErrorCode::TooLarge, "Invalid grammar: it is too large.");
    }
    return builder_.finish(rule, whitespace);
  }

 private:
  Fragment fragment(const Part& part) {
    if (error_ || builder_.size() > limits::grammar_places_max) return builder_.nothing();
    return std::visit([&](const auto& what) { return make(what); }, part.what);
  }

  Fragment make(const Text& text) { return builder_.literal(text.text); }
  Fragment make(const SpecialToken& token) { return builder_.token(token.token); }

  Fragment make(const JsonValue& value) {
    const SchemaOptions options{.strict = value.strict,
                                .subject = value.subject,
                                .schema_order = value.schema_order,
                                .deadline = deadline_};
    auto node = add_satisfiable_schema(builder_.tables(), value.schema, options);
    if (!node) return refuse(located(std::move(node.error()), value));
    return builder_.value(*node);
  }

  static Error located(Error error, const JsonValue& value) {
    constexpr std::string_view plain = "Invalid schema: ";
    const bool is_strict_rule = error.reason == "invalid_json_schema";
    if (is_strict_rule) error.reason = value.paths.strict_code;
    if (error.message.starts_with(plain) && !value.subject.empty()) {
      error.message = fmt::format("Invalid schema for {}: {}", value.subject,
                                  error.message.substr(plain.size()));
    }
    if (value.paths.schema.empty()) return error;
    error.param = !is_strict_rule              ? below(value.paths.schema, error.param)
                  : value.paths.strict.empty() ? value.paths.schema
                                               : value.paths.strict;
    return error;
  }

  Fragment make(const Pattern& pattern) {
    auto term = regex_term(builder_.terms(), pattern.pattern, {.whole = true});
    if (!term) return refuse(term.error());
    return builder_.text(*term);
  }

  // All texts but those with a stop in them: the stops as they are searched for, complemented.
  TermId without(std::span<const std::string> given) {
    auto& terms = builder_.terms();
    const TermId any = terms.repeat(terms.any_code_point(), 0, kUnbounded);
    std::vector<std::string_view> stops(given.begin(), given.end());
    std::erase_if(stops, [](std::string_view stop) { return stop.empty(); });
    if (stops.empty()) return any;
    const TermId found = terms.concat(any, terms.concat(any_literal(terms, stops), kAnything));
    const TermId parts[] = {any, terms.complement(found)};
    return terms.intersection(parts);
  }

  Fragment make(const FreeText& free) {
    auto& terms = builder_.terms();
    TermId text = without(free.stops);
    if (!free.except.empty()) {
      auto except = regex_term(terms, free.except, {.whole = true});
      if (!except) return refuse(except.error());
      const TermId parts[] = {text, terms.complement(*except)};
      text = terms.intersection(parts);
    }
    return builder_.text(terms.concat(text, terms.literal(free.then)));
  }

  Fragment make(const PlainString& plain) {
    auto& terms = builder_.terms();
    const std::string stops[] = {plain.stop};
    auto value = plain_string(terms, plain.schema);
    if (!value) {
      value.error().param = below(plain.paths.schema, value.error().param);
      return refuse(value.error());
    }
    const TermId parts[] = {without(stops), *value};
    return builder_.text(terms.concat(terms.intersection(parts), terms.literal(plain.then)));
  }

  Fragment make(const GrammarText& text) {
    auto added = add_grammar(builder_, text.format, text.quoted);
    if (added) return *added;
    added.error().param = text.param;
    return refuse(std::move(added.error()));
  }

  Fragment make(const Shared& shared) {
    const auto [known, is_new] = shared_.emplace(shared.part.get(), 0);
    if (is_new) {
      const auto rule = builder_.add_rule();
      known->second = rule;
      builder_.define(rule, fragment(*shared.part));
    }
    return builder_.call(known->second);
  }

  Fragment make(const Sequence& sequence) { return builder_.sequence(fragments(sequence.parts)); }
  Fragment make(const Choice& choice) { return builder_.choice(fragments(choice.options)); }

  Fragment make(const Repeat& repeat) {
    if (repeat.part.size() != 1 || repeat.count_min > limits::grammar_repeats_max ||
        (repeat.count_max != kUnbounded && repeat.count_max > limits::grammar_repeats_max)) {
      return refuse(
          {ErrorCode::InvalidRequest, "Invalid grammar: a repeat needs one part and sane counts."});
    }
    const auto one = [&] { return fragment(repeat.part[0]); };
    if (repeat.separator.empty()) return builder_.repeat(one, repeat.count_min, repeat.count_max);
    // One, and then each further one after a separator.
    const auto further = [&] { return builder_.sequence({fragment(repeat.separator[0]), one()}); };
    if (repeat.count_max == 0) return builder_.nothing();
    const std::uint32_t more_min = repeat.count_min > 0 ? repeat.count_min - 1 : 0;
    const std::uint32_t more_max =
        repeat.count_max == kUnbounded ? kUnbounded : repeat.count_max - 1;
    const Fragment some = builder_.sequence({one(), builder_.repeat(further, more_min, more_max)});
    return repeat.count_min > 0 ? some : builder_.optional(some);
  }

  std::vector<Fragment> fragments(const std::vector<Part>& parts) {
    std::vector<Fragment> result;
    for (const Part& part : parts) result.push_back(fragment(part));
    return result;
  }

  Fragment refuse(Error error) {
    if (!error_) error_ = std::move(error);
    return builder_.nothing();
  }

  RuleBuilder builder_;
  const std::chrono::nanoseconds deadline_ = compile_deadline();
  std::map<const Part*, engine::grammar::RuleId> shared_;
  std::optional<Error> error_;
};

}  // namespace

Result<CompiledGrammar> compile_parts(const Part& part, Whitespace whitespace) {
  return PartCompiler().compile(part, whitespace);
}

}  // namespace inference::grammar
