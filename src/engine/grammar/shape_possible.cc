// Whether some finite value satisfies a formula. The search follows required keys and demanded
// items only; it is cut off by depth and fuel, and then says yes. A node that is met again inside
// its own decision counts as impossible, since the smallest value never needs to repeat itself.
#include <algorithm>

#include "engine/grammar/shape.h"
#include "engine/grammar/texts.h"

namespace engine::grammar {
namespace {

constexpr int kProbeDepthMax = 40;
constexpr int kProbeFuel = 2'000;

}  // namespace

bool Shapes::has_text(LanguageId language) {
  return can_end_text(languages_, language, languages_.start(language), 0);
}

bool Shapes::possible(NodeId node) {
  probe_fuel_ = kProbeFuel;
  return possible(node, 0);
}

bool Shapes::possible(NodeId node, int depth) {
  while (nodes_.op(node) == NodeOp::Hole) node = nodes_.filled(node);
  if (node == kNever) return false;
  if (node == kAlways || nodes_.op(node) == NodeOp::Kinds) return true;
  if (const auto found = possible_.find(node); found != possible_.end()) return found->second;
  if (probing_.contains(node)) {
    assumed_ = true;
    return false;
  }
  if (depth > kProbeDepthMax || --probe_fuel_ < 0) return true;
  const bool outer_assumed = assumed_;
  assumed_ = false;
  probing_.insert(node);
  const bool result = decide_possible(node, depth);
  probing_.erase(node);
  // A no that leant on an open decision holds for that decision only.
  if (probe_fuel_ >= 0 && (result || !assumed_ || probing_.empty())) possible_[node] = result;
  assumed_ = !result && (assumed_ || outer_assumed);
  if (result) assumed_ = outer_assumed;
  return result;
}

bool Shapes::decide_possible(NodeId node, int depth) {
  for (const Kind kind : {Kind::Null, Kind::False, Kind::True}) {
    if (nodes_.of_kind(node, kind) == kAlways) return true;
  }
  if (const NodeId text = nodes_.of_kind(node, Kind::Text); text != kNever) {
    if (text == kAlways || has_text(text_language(text, {}))) return true;
  }
  if (const NodeId number = nodes_.of_kind(node, Kind::Number); number != kNever) {
    if (number == kAlways || has_text(number_language(number, {}))) return true;
  }
  return record_possible(nodes_.of_kind(node, Kind::Record), depth) ||
         list_possible(nodes_.of_kind(node, Kind::List), depth);
}

bool Shapes::record_possible(NodeId formula, int depth) {
  const NodeOp op = nodes_.op(formula);
  if (formula == kNever) return false;
  if (op == NodeOp::Or || op == NodeOp::One) {
    return std::ranges::any_of(nodes_.operands(formula),
                               [&](NodeId option) { return record_possible(option, depth); });
  }
  std::vector<NodeId> rules;
  for (const NodeId part : op == NodeOp::And ? nodes_.operands(formula) : std::vector{formula}) {
    if (nodes_.op(part) == NodeOp::Record) rules.push_back(part);
    if (nodes_.op(part) == NodeOp::Or && !record_possible(part, depth)) return false;
  }
  std::set<std::string> required;
  std::uint32_t count_min = 0, count_max = kUnbounded;
  for (const NodeId rule : rules) {
    const RecordRule& record = nodes_.record_rule(rule);
    count_min = std::max(count_min, record.count_min);
    count_max = std::min(count_max, record.count_max);
    for (const auto& key : record.keys) {
      if (key.required) required.insert(key.name);
    }
  }
  if (count_min > count_max || required.size() > count_max) return false;
  for (const std::string& name : required) {
    std::vector<NodeId> values;
    for (const NodeId rule : rules) values.push_back(value_for(nodes_.record_rule(rule), name));
    if (!possible(nodes_.all(values), depth + 1)) return false;
  }
  return true;
}

bool Shapes::list_possible(NodeId formula, int depth) {
  const NodeOp op = nodes_.op(formula);
  if (formula == kNever) return false;
  if (op == NodeOp::Or || op == NodeOp::One) {
    return std::ranges::any_of(nodes_.operands(formula),
                               [&](NodeId option) { return list_possible(option, depth); });
  }
  std::vector<NodeId> rules;
  for (const NodeId part : op == NodeOp::And ? nodes_.operands(formula) : std::vector{formula}) {
    if (nodes_.op(part) == NodeOp::List) rules.push_back(part);
  }
  std::uint32_t count_min = 0, count_max = kUnbounded;
  std::size_t prefix_max = 0;
  for (const NodeId rule : rules) {
    const ListRule& list = nodes_.list_rule(rule);
    count_min = std::max({count_min, list.count_min, list.contains_min});
    count_max = std::min(count_max, list.count_max);
    prefix_max = std::max(prefix_max, list.prefix.size());
    if (list.contains_min > 0 && !possible(list.contains, depth + 1)) return false;
  }
  if (count_min > count_max) return false;
  for (std::size_t i = 0; i < std::min<std::size_t>(count_min, prefix_max + 1); ++i) {
    std::vector<NodeId> values;
    for (const NodeId rule : rules) {
      const ListRule& list = nodes_.list_rule(rule);
      values.push_back(i < list.prefix.size() ? list.prefix[i] : list.items);
    }
    if (!possible(nodes_.all(values), depth + 1)) return false;
  }
  return true;
}

}  // namespace engine::grammar
