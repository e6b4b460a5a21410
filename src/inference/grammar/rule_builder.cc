#include "inference/grammar/rule_builder.h"

namespace inference::grammar {

using engine::grammar::PlaceId;
using engine::grammar::RuleId;
using engine::grammar::Rules;

Fragment RuleBuilder::edge(Rules::Read read, std::uint32_t what) {
  const Fragment fragment{rules_.add_place(), rules_.add_place()};
  rules_.add_edge(fragment.from, {read, what, fragment.to});
  return fragment;
}

void RuleBuilder::jump(PlaceId from, PlaceId to) {
  rules_.add_edge(from, {Rules::Read::Nothing, 0, to});
}

Fragment RuleBuilder::nothing() {
  const PlaceId place = rules_.add_place();
  return {place, place};
}

Fragment RuleBuilder::text(engine::grammar::TermId term) {
  return edge(Rules::Read::Text, term);
}

Fragment RuleBuilder::token(std::uint32_t token) {
  return edge(Rules::Read::Token, token);
}

Fragment RuleBuilder::value(engine::grammar::NodeId node) {
  return edge(Rules::Read::Value, node);
}

Fragment RuleBuilder::call(RuleId rule) {
  return edge(Rules::Read::Rule, rule);
}

Fragment RuleBuilder::sequence(std::span<const Fragment> parts) {
  if (parts.empty()) return nothing();
  for (std::size_t i = 1; i < parts.size(); ++i) jump(parts[i - 1].to, parts[i].from);
  return {parts.front().from, parts.back().to};
}

Fragment RuleBuilder::choice(std::span<const Fragment> options) {
  const Fragment whole{rules_.add_place(), rules_.add_place()};
  for (const Fragment& option : options) {
    jump(whole.from, option.from);
    jump(option.to, whole.to);
  }
  return whole;
}

Fragment RuleBuilder::any_number(Fragment part) {
  const PlaceId place = rules_.add_place();
  jump(place, part.from);
  jump(part.to, place);
  return {place, place};
}

Fragment RuleBuilder::optional(Fragment part) {
  const Fragment options[] = {part, nothing()};
  return choice(options);
}

void RuleBuilder::define(RuleId rule, Fragment body) {
  jump(rules_.start(rule), body.from);
  jump(body.to, rules_.end(rule));
  rules_.close(rule);
}

std::shared_ptr<const engine::grammar::Grammar> RuleBuilder::finish(RuleId start,
                                                                    Whitespace whitespace) {
  rules_.prune();
  terms().set_deadline({});
  return std::make_shared<engine::grammar::Grammar>(engine::grammar::Grammar::Parts{
      std::move(tables_), std::move(rules_), start, spacing(whitespace)});
}

}  // namespace inference::grammar
