#include "inference/grammar/tool_grammar.h"

#include <algorithm>

#include <fmt/format.h>

#include "inference/grammar/literals.h"
#include "inference/grammar/regex.h"
#include "inference/grammar/rule_builder.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAnything;
using engine::grammar::kUnbounded;
using engine::grammar::TermId;

class PartCompiler {
 public:
  explicit PartCompiler(bool schema_order) : schema_order_(schema_order) {}

  Result<CompiledGrammar> compile(const Part& part) {
    const auto rule = builder_.add_rule();
    builder_.define(rule, fragment(part));
    if (error_) return fail(*error_);
    if (builder_.terms().exhausted() || builder_.size() > kPlacesMax) {
      return fail(ErrorCode::TooLarge, "Invalid grammar: it is too large.");
    }
    return builder_.finish(rule, Whitespace::Flexible);
  }

 private:
  Fragment fragment(const Part& part) {
    if (error_ || builder_.size() > kPlacesMax) return builder_.nothing();
    return std::visit([&](const auto& what) { return make(what); }, part.what);
  }

  Fragment make(const Text& text) { return builder_.literal(text.text); }
  Fragment make(const SpecialToken& token) { return builder_.token(token.token); }

  Fragment make(const JsonValue& value) {
    const SchemaOptions options{.strict = value.strict,
                                .subject = value.subject,
                                .schema_order = value.strict && schema_order_};
    auto node = add_json_schema(builder_.tables(), value.schema, options);
    if (!node) return refuse(node.error());
    return builder_.value(*node);
  }

  Fragment make(const Pattern& pattern) {
    auto term = regex_term(builder_.terms(), pattern.pattern, {.whole = true});
    if (!term) return refuse(term.error());
    return builder_.text(*term);
  }

  // All texts but those with a stop in them: the stops as they are searched for, complemented.
  Fragment make(const FreeText& free) {
    auto& terms = builder_.terms();
    const TermId any = terms.repeat(terms.any_code_point(), 0, kUnbounded);
    std::vector<std::string_view> stops(free.stops.begin(), free.stops.end());
    std::erase_if(stops, [](std::string_view stop) { return stop.empty(); });
    if (stops.empty()) return builder_.text(any);
    const TermId found = terms.concat(any, terms.concat(any_literal(terms, stops), kAnything));
    const TermId parts[] = {any, terms.complement(found)};
    return builder_.text(terms.intersection(parts));
  }

  Fragment make(const Sequence& sequence) { return builder_.sequence(fragments(sequence.parts)); }
  Fragment make(const Choice& choice) { return builder_.choice(fragments(choice.options)); }

  Fragment make(const Repeat& repeat) {
    if (repeat.part.size() != 1 || repeat.count_min > kRepeatsMax ||
        (repeat.count_max != kUnbounded && repeat.count_max > kRepeatsMax)) {
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
  bool schema_order_;
  std::optional<Error> error_;
};

}  // namespace

Result<CompiledGrammar> compile_parts(const Part& part, bool strict_order) {
  return PartCompiler(strict_order).compile(part);
}

}  // namespace inference::grammar
