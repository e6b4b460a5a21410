// The languages of texts and numbers that satisfy a formula of scalar rules.
#include <algorithm>

#include "engine/grammar/shape.h"

namespace engine::grammar {
namespace {

// Short minimal lengths join the automaton, which then knows that a text must go on; long ones
// would multiply its states and are only counted.
constexpr std::uint32_t kLengthMinJoined = 4;

}  // namespace

TermId Shapes::term_of(NodeId formula) {
  switch (nodes_.op(formula)) {
    case NodeOp::Always: return kAnything;
    case NodeOp::Text:
    case NodeOp::Number: {
      const ScalarRule rule = nodes_.scalar(formula);
      if (rule.length_min == 0 && rule.length_max == kUnbounded) return rule.term;
      const TermId parts[] = {
          rule.term, terms_.repeat(terms_.any_code_point(), rule.length_min, rule.length_max)};
      return terms_.intersection(parts);
    }
    case NodeOp::And:
    case NodeOp::Or: {
      std::vector<TermId> parts;
      for (const NodeId operand : nodes_.operands(formula)) parts.push_back(term_of(operand));
      return nodes_.op(formula) == NodeOp::And ? terms_.intersection(parts)
                                               : terms_.alternatives(parts);
    }
    case NodeOp::One: {
      // From the back: one of the rest, or none of the rest and this one.
      TermId one = kNothing, none = kAnything;
      const auto operands = nodes_.operands(formula);
      for (auto operand = operands.rbegin(); operand != operands.rend(); ++operand) {
        const TermId term = term_of(*operand), other = terms_.complement(term);
        const TermId here[] = {term, none}, later[] = {other, one}, neither[] = {other, none};
        const TermId either[] = {terms_.intersection(here), terms_.intersection(later)};
        one = terms_.alternatives(either);
        none = terms_.intersection(neither);
      }
      return one;
    }
    case NodeOp::Not: return terms_.complement(term_of(nodes_.operands(formula)[0]));
    default: return kNothing;
  }
}

std::optional<TermId> Shapes::text_term(NodeId node) {
  if (!nodes_.well_founded(node)) return std::nullopt;
  return term_of(nodes_.of_kind(node, Kind::Text));
}

LanguageId Shapes::text_language(NodeId must, const std::vector<NodeId>& watched) {
  LanguageKey key;
  std::vector<TermId> parts;
  const auto conjuncts =
      nodes_.op(must) == NodeOp::And ? nodes_.operands(must) : std::vector<NodeId>{must};
  for (const NodeId part : conjuncts) {
    if (nodes_.op(part) == NodeOp::Text) {
      const ScalarRule& rule = nodes_.scalar(part);
      parts.push_back(rule.term);
      key.length_min = std::max(key.length_min, rule.length_min);
      key.length_max = std::min(key.length_max, rule.length_max);
    } else {
      parts.push_back(term_of(part));
    }
  }
  key.required = terms_.intersection(parts);
  if (key.required != kAnything && key.length_min > 0 && key.length_min <= kLengthMinJoined) {
    const TermId joined[] = {
        key.required,
        terms_.concat(terms_.repeat(terms_.any_code_point(), key.length_min, key.length_min),
                      kAnything)};
    key.required = terms_.intersection(joined);
  }
  for (const NodeId node : watched) key.watched.push_back(term_of(node));
  return languages_.language(std::move(key));
}

LanguageId Shapes::number_language(NodeId must, const std::vector<NodeId>& watched) {
  const TermId parts[] = {number_syntax_, term_of(must)};
  LanguageKey key{.required = terms_.intersection(parts), .watched = {}};
  for (const NodeId node : watched) key.watched.push_back(term_of(node));
  return languages_.language(std::move(key));
}

}  // namespace engine::grammar
