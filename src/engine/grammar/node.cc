#include "engine/grammar/node.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "engine/grammar/hash.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kFormulaDepthMax = 2'000;  // formulas are evaluated by recursion

}  // namespace

Nodes::Nodes(std::size_t nodes_max) : nodes_max_(nodes_max) {
  nodes_.push_back({NodeOp::Never});
  nodes_.push_back({NodeOp::Always});
}

NodeId Nodes::add(Node node) {
  if (nodes_.size() + operands_.size() / 4 >= nodes_max_) {
    exhausted_ = true;
    return kNever;
  }
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

std::vector<NodeId> Nodes::operands(NodeId id) const {
  const Node& node = nodes_[id];
  const auto first = operands_.begin() + node.a;
  return {first, first + node.b};
}

NodeId Nodes::intern(NodeOp op, std::uint32_t a, std::span<const NodeId> operands) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(op), operands.empty() ? a : 0);
  for (const NodeId operand : operands) hash = mix(hash, operand);
  for (auto [it, end] = index_.equal_range(hash); it != end; ++it) {
    const Node& node = nodes_[it->second];
    if (node.op != op) continue;
    const bool same =
        operands.empty()
            ? node.a == a
            : std::ranges::equal(std::span(operands_).subspan(node.a, node.b), operands);
    if (same) return it->second;
  }
  Node node{op, a, 0};
  if (!operands.empty()) {
    node.a = static_cast<std::uint32_t>(operands_.size());
    node.b = static_cast<std::uint32_t>(operands.size());
    operands_.insert(operands_.end(), operands.begin(), operands.end());
  }
  const NodeId id = add(node);
  if (id != kNever) index_.emplace(hash, id);
  return id;
}

NodeId Nodes::kinds(KindSet kinds) {
  if (kinds == 0) return kNever;
  if (kinds == kAllKinds) return kAlways;
  return intern(NodeOp::Kinds, kinds);
}

NodeId Nodes::text(ScalarRule rule) {
  if (rule.term == kAnything && rule.length_min == 0 && rule.length_max == kUnbounded) {
    return kAlways;
  }
  scalars_.push_back(rule);
  return add({NodeOp::Text, static_cast<std::uint32_t>(scalars_.size() - 1)});
}

NodeId Nodes::number(TermId spelling) {
  if (spelling == kAnything) return kAlways;
  scalars_.push_back({spelling});
  return add({NodeOp::Number, static_cast<std::uint32_t>(scalars_.size() - 1)});
}

NodeId Nodes::record(RecordRule rule) {
  records_.push_back(std::move(rule));
  return add({NodeOp::Record, static_cast<std::uint32_t>(records_.size() - 1)});
}

NodeId Nodes::list(ListRule rule) {
  lists_.push_back(std::move(rule));
  return add({NodeOp::List, static_cast<std::uint32_t>(lists_.size() - 1)});
}

NodeId Nodes::all(std::span<const NodeId> parts) {
  return combine(NodeOp::And, parts);
}
NodeId Nodes::any(std::span<const NodeId> options) {
  return combine(NodeOp::Or, options);
}

NodeId Nodes::combine(NodeOp op, std::span<const NodeId> operands) {
  const NodeId absorbing = op == NodeOp::And ? kNever : kAlways;
  const NodeId neutral = op == NodeOp::And ? kAlways : kNever;
  std::vector<NodeId> flat;
  KindSet kind_set = op == NodeOp::And ? kAllKinds : 0;
  for (const NodeId operand : operands) {
    if (operand == absorbing) return absorbing;
    if (operand == neutral) continue;
    const auto nested = nodes_[operand].op == op ? this->operands(operand) : std::vector{operand};
    for (const NodeId node : nested) {
      if (nodes_[node].op == NodeOp::Kinds) {
        kind_set = static_cast<KindSet>(op == NodeOp::And ? kind_set & this->kind_set(node)
                                                          : kind_set | this->kind_set(node));
      } else {
        flat.push_back(node);
      }
    }
  }
  const NodeId kinds_node = kinds(kind_set);
  if (kinds_node == absorbing) return absorbing;
  if (kinds_node != neutral) flat.push_back(kinds_node);
  std::ranges::sort(flat);
  flat.erase(std::ranges::unique(flat).begin(), flat.end());
  if (flat.empty()) return neutral;
  if (flat.size() == 1) return flat[0];
  for (const NodeId node : flat) {
    if (nodes_[node].op == NodeOp::Not &&
        std::ranges::binary_search(flat, operands_[nodes_[node].a])) {
      return absorbing;
    }
  }
  return intern(op, 0, flat);
}

NodeId Nodes::exactly_one(std::span<const NodeId> options) {
  std::vector<NodeId> once(options.begin(), options.end()), twice;
  std::ranges::sort(once);
  if (!once.empty() && once[0] > kAlways && std::ranges::adjacent_find(once) == once.end())
    return once.size() == 1 ? once[0] : intern(NodeOp::One, 0, options);
  once.clear();
  bool always = false;
  for (const NodeId option : options) {
    if (option == kNever) continue;
    if (option == kAlways) {
      if (always) return kNever;
      always = true;
    } else if (std::ranges::find(once, option) != once.end()) {
      twice.push_back(option);
    } else {
      once.push_back(option);
    }
  }
  if (twice.empty() && !always) {
    if (once.empty()) return kNever;
    if (once.size() == 1) return once[0];
    return intern(NodeOp::One, 0, once);
  }
  // What appears twice must be false; with one that is always true, so must all the others.
  std::vector<NodeId> parts, rest;
  for (const NodeId option : once) {
    const bool repeated = std::ranges::find(twice, option) != twice.end();
    if (repeated || always) parts.push_back(negation(option));
    if (!repeated) rest.push_back(option);
  }
  if (!always) parts.push_back(exactly_one(rest));
  return all(parts);
}

NodeId Nodes::negation(NodeId node) {
  switch (nodes_[node].op) {
    case NodeOp::Never: return kAlways;
    case NodeOp::Always: return kNever;
    case NodeOp::Kinds: return kinds(static_cast<KindSet>(kAllKinds & ~kind_set(node)));
    case NodeOp::Not: return operands_[nodes_[node].a];
    default: {
      const NodeId operand[] = {node};
      return intern(NodeOp::Not, 0, operand);
    }
  }
}

NodeId Nodes::hole() {
  return add({NodeOp::Hole, UINT32_MAX});
}

void Nodes::fill(NodeId hole, NodeId node) {
  CHECK(hole == kNever || nodes_[hole].op == NodeOp::Hole);
  if (hole != kNever) nodes_[hole].a = node;
}

bool Nodes::well_founded() const {
  std::vector<Mark> marks(nodes_.size(), Mark::Unseen);
  for (NodeId root = 0; root < nodes_.size(); ++root) {
    if (marks[root] == Mark::Unseen && !visit(root, marks)) return false;
  }
  return true;
}

bool Nodes::well_founded(NodeId root) const {
  std::vector<Mark> marks(nodes_.size(), Mark::Unseen);
  return visit(root, marks);
}

// A depth-first walk with its own stack: chains of references can be as long as the schema.
bool Nodes::visit(NodeId root, std::vector<Mark>& marks) const {
  std::vector<std::pair<NodeId, std::uint32_t>> path{{root, 0}};
  marks[root] = Mark::Open;
  while (!path.empty()) {
    auto& [id, at] = path.back();
    const Node& node = nodes_[id];
    const bool formula = node.op == NodeOp::And || node.op == NodeOp::Or ||
                         node.op == NodeOp::One || node.op == NodeOp::Not;
    const std::uint32_t n = formula ? node.b : node.op == NodeOp::Hole ? 1 : 0;
    if (at == n) {
      marks[id] = Mark::Done;
      path.pop_back();
      continue;
    }
    const NodeId next = formula ? operands_[node.a + at] : node.a;
    ++at;
    if (next == UINT32_MAX || marks[next] == Mark::Open) return false;
    if (path.size() > kFormulaDepthMax) return false;
    if (marks[next] == Mark::Unseen) {
      marks[next] = Mark::Open;
      path.emplace_back(next, 0);
    }
  }
  return true;
}

bool Nodes::has_dead_ends(NodeId first) {
  const auto is_late = [&](NodeId node) {
    return op(node) == NodeOp::Or || op(node) == NodeOp::One || op(node) == NodeOp::Not;
  };
  for (NodeId id = first, n = static_cast<NodeId>(nodes_.size()); id < n; ++id) {
    if (op(id) == NodeOp::Record) {
      const RecordRule& rule = record_rule(id);
      if (rule.count_min > 0 || rule.count_max != kUnbounded) return true;
    } else if (op(id) == NodeOp::List) {
      if (list_rule(id).unique || list_rule(id).counts()) return true;
    } else if (is_late(id) &&
               (is_late(of_kind(id, Kind::Record)) || is_late(of_kind(id, Kind::List)))) {
      return true;
    }
  }
  return false;
}

NodeId Nodes::of_kind(NodeId id, Kind kind) {
  const auto is = [&](Kind rule_kind) { return kind == rule_kind ? id : kAlways; };
  switch (nodes_[id].op) {
    case NodeOp::Never:
    case NodeOp::Always: return id;
    case NodeOp::Kinds: return kind_set(id) & only(kind) ? kAlways : kNever;
    case NodeOp::Text: return is(Kind::Text);
    case NodeOp::Number: return is(Kind::Number);
    case NodeOp::Record: return is(Kind::Record);
    case NodeOp::List: return is(Kind::List);
    default: break;
  }
  const std::uint64_t key = std::uint64_t{id} << 3 | static_cast<std::uint64_t>(kind);
  if (const auto found = of_kind_.find(key); found != of_kind_.end()) return found->second;
  NodeId result = kNever;
  const NodeOp op = nodes_[id].op;
  if (op == NodeOp::Hole) {
    result = of_kind(nodes_[id].a, kind);
  } else {
    std::vector<NodeId> parts = operands(id);
    for (NodeId& part : parts) part = of_kind(part, kind);
    result = op == NodeOp::And   ? all(parts)
             : op == NodeOp::Or  ? any(parts)
             : op == NodeOp::One ? exactly_one(parts)
                                 : negation(parts[0]);
  }
  of_kind_.emplace(key, result);
  return result;
}

}  // namespace engine::grammar
