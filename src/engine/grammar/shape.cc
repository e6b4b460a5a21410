#include "engine/grammar/shape.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kShapeBytes = sizeof(Shape) + 150;  // with their entries in the indices
constexpr std::size_t kChildBytes = sizeof(Child) + 200;  // and goal

bool is_rule(NodeOp op) {
  return op == NodeOp::Text || op == NodeOp::Number || op == NodeOp::Record || op == NodeOp::List;
}

// The key of a goal or shape in the index: what must hold, then what is watched.
std::vector<NodeId> index_key(std::uint32_t head, NodeId must, const std::vector<NodeId>& watched) {
  std::vector<NodeId> key{head, must};
  key.insert(key.end(), watched.begin(), watched.end());
  return key;
}

}  // namespace

Shapes::Shapes(Terms& terms, Nodes& nodes, Languages& languages)
    : terms_(terms), nodes_(nodes), languages_(languages) {}

GoalId Shapes::goal(NodeId must, std::vector<NodeId> watched) {
  const auto [it, fresh] =
      goal_index_.try_emplace(index_key(0, must, watched), static_cast<GoalId>(goals_.size()));
  if (fresh) goals_.push_back(std::make_unique<Goal>(Goal{must, std::move(watched), {}}));
  return it->second;
}

const GoalKinds& Shapes::kinds(GoalId id) {
  Goal& goal = *goals_[id];
  if (goal.kinds) return *goal.kinds;
  GoalKinds kinds;
  const auto of_kind = [&](Kind kind) {
    std::vector<NodeId> watched = goal.watched;
    for (NodeId& node : watched) node = nodes_.of_kind(node, kind);
    return watched;
  };
  for (const Kind kind : {Kind::Null, Kind::False, Kind::True}) {
    if (nodes_.of_kind(goal.must, kind) == kAlways) kinds.possible |= only(kind);
  }
  if (const NodeId must = nodes_.of_kind(goal.must, Kind::Number); must != kNever) {
    kinds.number = number_language(must, of_kind(Kind::Number));
    if (has_text(kinds.number)) kinds.possible |= only(Kind::Number);
  }
  if (const NodeId must = nodes_.of_kind(goal.must, Kind::Text); must != kNever) {
    kinds.text = text_language(must, of_kind(Kind::Text));
    if (has_text(kinds.text)) kinds.possible |= only(Kind::Text);
  }
  if (const NodeId must = nodes_.of_kind(goal.must, Kind::Record); must != kNever && !exhausted()) {
    probe_fuel_ = 2'000;
    if (record_possible(must, 0)) {
      kinds.record = shape_of(Kind::Record, must, of_kind(Kind::Record));
      kinds.possible |= only(Kind::Record);
    }
  }
  if (const NodeId must = nodes_.of_kind(goal.must, Kind::List); must != kNever && !exhausted()) {
    probe_fuel_ = 2'000;
    if (list_possible(must, 0)) {
      kinds.list = shape_of(Kind::List, must, of_kind(Kind::List));
      kinds.possible |= only(Kind::List);
    }
  }
  goal.kinds = kinds;
  return *goal.kinds;
}

Verdicts Shapes::literal_verdicts(GoalId id, Kind kind) {
  Verdicts verdicts;
  for (const NodeId node : goals_[id]->watched) {
    verdicts.push_back(nodes_.of_kind(node, kind) == kAlways);
  }
  return verdicts;
}

// Keeps `rules` sorted.
void Shapes::collect_rules(NodeId formula, std::vector<NodeId>& rules) const {
  if (is_rule(nodes_.op(formula))) {
    const auto at = std::ranges::lower_bound(rules, formula);
    if (at == rules.end() || *at != formula) rules.insert(at, formula);
  } else {
    for (const NodeId operand : nodes_.operands(formula)) collect_rules(operand, rules);
  }
}

std::uint32_t Shapes::table_of(Kind kind, std::span<const NodeId> rules) {
  std::vector<NodeId> key(rules.begin(), rules.end());
  key.push_back(static_cast<NodeId>(kind));
  const auto [it, fresh] = table_index_.try_emplace(std::move(key), tables_.size());
  if (!fresh) return it->second;
  auto table = std::make_unique<Table>();
  table->kind = kind;
  table->rules.assign(rules.begin(), rules.end());
  if (kind == Kind::Record) {
    for (const NodeId rule : rules) {
      for (const auto& key : nodes_.record_rule(rule).keys) table->keys.push_back(key.name);
    }
    std::ranges::sort(table->keys);
    table->keys.erase(std::ranges::unique(table->keys).begin(), table->keys.end());
    for (const NodeId rule : rules) {
      auto& required = table->required.emplace_back();
      for (const auto& key : nodes_.record_rule(rule).keys) {
        if (!key.required) continue;
        const auto at = std::ranges::lower_bound(table->keys, std::string_view(key.name));
        required.push_back(static_cast<std::uint32_t>(at - table->keys.begin()));
      }
    }
    list_order(*table);
  } else {
    for (const NodeId rule : rules) {
      table->prefix_max = std::max(table->prefix_max, nodes_.list_rule(rule).prefix.size());
    }
  }
  tables_.push_back(std::move(table));
  return it->second;
}

// With one rule its keys are those of the table.
void Shapes::list_order(Table& table) const {
  if (table.rules.size() != 1) return;
  const RecordRule& rule = nodes_.record_rule(table.rules[0]);
  if (!rule.ordered) return;
  table.by_order.resize(rule.keys.size(), kNone);
  for (std::uint32_t key = 0; key < rule.keys.size(); ++key) {
    if (rule.keys[key].order >= rule.keys.size()) return table.by_order.clear();
    table.by_order[rule.keys[key].order] = key;
  }
  if (std::ranges::find(table.by_order, kNone) != table.by_order.end()) table.by_order.clear();
}

ShapeId Shapes::shape_of(Kind kind, NodeId must, std::vector<NodeId> watched) {
  std::vector<NodeId> rules;
  collect_rules(must, rules);
  for (const NodeId node : watched) collect_rules(node, rules);
  return intern_shape(table_of(kind, rules), must, std::move(watched));
}

ShapeId Shapes::intern_shape(std::uint32_t table, NodeId must, std::vector<NodeId> watched) {
  const auto [it, fresh] = shape_index_.try_emplace(index_key(table, must, watched),
                                                    static_cast<ShapeId>(shapes_.size()));
  if (!fresh) return it->second;
  auto shape = std::make_unique<Shape>();
  shape->table = table;
  shape->must = must;
  shape->watched = std::move(watched);
  shapes_.push_back(std::move(shape));
  const ShapeId id = it->second;
  describe(*shapes_[id]);
  const Shape& made = *shapes_[id];
  bytes_ += kShapeBytes +
            (made.by_key.size() + made.open.size() + made.strict.size() + 2 * made.watched.size()) *
                sizeof(std::uint32_t);
  return id;
}

void Shapes::describe(Shape& shape) {
  const Table& table = *tables_[shape.table];
  const auto index_of = [&](NodeId rule) {
    return static_cast<std::uint32_t>(std::ranges::lower_bound(table.rules, rule) -
                                      table.rules.begin());
  };
  std::vector<NodeId> open;
  collect_rules(shape.must, open);
  for (const NodeId node : shape.watched) collect_rules(node, open);
  for (const NodeId rule : open) shape.open.push_back(index_of(rule));
  std::ranges::sort(shape.open);
  if (is_rule(nodes_.op(shape.must))) {
    shape.strict.push_back(index_of(shape.must));
  } else if (nodes_.op(shape.must) == NodeOp::And) {
    for (const NodeId part : nodes_.operands(shape.must)) {
      if (is_rule(nodes_.op(part))) shape.strict.push_back(index_of(part));
    }
  }
  shape.decidable = shape.strict.size() < shape.open.size();
  if (table.kind == Kind::Record && shape.strict.size() == 1 &&
      nodes_.record_rule(table.rules[shape.strict[0]]).ordered) {
    shape.ordered = shape.strict[0];
  }
  shape.risky = shape.decidable;
  for (const std::uint32_t rule : shape.open) {
    if (table.kind == Kind::List) {
      const ListRule& list = nodes_.list_rule(table.rules[rule]);
      shape.unique |= list.unique;
      shape.counting |= list.counts();
      shape.count_bounded |= list.count_max != kUnbounded;
      shape.risky |= list.unique || list.counts();
    } else {
      const RecordRule& record = nodes_.record_rule(table.rules[rule]);
      shape.count_bounded |= record.count_max != kUnbounded;
      shape.risky |= record.count_min > 0 || record.count_max != kUnbounded;
    }
  }
  if (table.kind == Kind::Record) {
    shape.by_key.assign(table.keys.size(), kNone);
    describe_extras(shape);
  } else {
    shape.by_key.assign(table.prefix_max + 1, kNone);
  }
}

void Shapes::describe_extras(Shape& shape) {
  LanguageKey key{.required = extras_term(shape.must), .watched = {}};
  for (const std::uint32_t rule : shape.open) {
    const RecordRule& record = nodes_.record_rule(tables_[shape.table]->rules[rule]);
    for (const auto& pattern : record.patterns) key.watched.push_back(pattern.names);
    if (record.names != kAnything) key.watched.push_back(record.names);
  }
  shape.extras = languages_.language(std::move(key));
  shape.extras_start = languages_.start(shape.extras);
}

// The keys that some choice within the formula lets in. Rules that are not demanded let in all.
TermId Shapes::extras_term(NodeId formula) {
  switch (nodes_.op(formula)) {
    case NodeOp::Never: return kNothing;
    case NodeOp::Record: return extras_term(nodes_.record_rule(formula));
    case NodeOp::And:
    case NodeOp::Or:
    case NodeOp::One: {
      std::vector<TermId> parts;
      for (const NodeId operand : nodes_.operands(formula)) parts.push_back(extras_term(operand));
      return nodes_.op(formula) == NodeOp::And ? terms_.intersection(parts)
                                               : terms_.alternatives(parts);
    }
    default: return kAnything;
  }
}

TermId Shapes::extras_term(const RecordRule& rule) {
  std::vector<TermId> allowed, parts{rule.names};
  for (const auto& pattern : rule.patterns) {
    if (pattern.value == kNever) {
      parts.push_back(terms_.complement(pattern.names));
    } else {
      allowed.push_back(pattern.names);
    }
  }
  if (rule.additional == kNever) parts.push_back(terms_.alternatives(allowed));
  return terms_.intersection(parts);
}

bool Shapes::matches(TermId term, std::string_view text) {
  for (const char c : text) {
    if (term == kAnything || term == kNothing) break;
    term = terms_.derivative(term, static_cast<std::uint8_t>(c));
  }
  return terms_.nullable(term);
}

NodeId Shapes::value_for(const RecordRule& rule, std::string_view name) {
  if (rule.names != kAnything && !matches(rule.names, name)) return kNever;
  std::vector<NodeId> parts;
  bool found = false;
  const auto key = std::ranges::lower_bound(
      rule.keys, name, {}, [](const RecordRule::Key& k) { return std::string_view(k.name); });
  if (key != rule.keys.end() && key->name == name && key->declared) {
    parts.push_back(key->value);
    found = true;
  }
  for (const auto& pattern : rule.patterns) {
    if (!matches(pattern.names, name)) continue;
    parts.push_back(pattern.value);
    found = true;
  }
  return found ? nodes_.all(parts) : rule.additional;
}

ChildId Shapes::key_child(ShapeId id, std::uint32_t key) {
  if (const ChildId known = shapes_[id]->by_key[key]; known != kNone) return known;
  const Table& table = *tables_[shapes_[id]->table];
  std::vector<NodeId> values;
  for (const std::uint32_t rule : shapes_[id]->open) {
    values.push_back(value_for(nodes_.record_rule(table.rules[rule]), table.keys[key]));
  }
  return shapes_[id]->by_key[key] = make_child(id, values);
}

ChildId Shapes::extra_child(ShapeId id, const Verdicts& patterns) {
  auto& known = shapes_[id]->by_patterns;
  if (const auto found = known.find(patterns); found != known.end()) return found->second;
  const Table& table = *tables_[shapes_[id]->table];
  std::vector<NodeId> values;
  std::size_t at = 0;
  for (const std::uint32_t index : shapes_[id]->open) {
    const RecordRule& rule = nodes_.record_rule(table.rules[index]);
    std::vector<NodeId> parts;
    for (const auto& pattern : rule.patterns) {
      if (patterns[at++]) parts.push_back(pattern.value);
    }
    const bool named = rule.names == kAnything || patterns[at++];
    const NodeId additional = rule.additional;
    values.push_back(!named ? kNever : parts.empty() ? additional : nodes_.all(parts));
  }
  const ChildId child = make_child(id, values);
  known.emplace(patterns, child);
  return child;
}

ChildId Shapes::item_child(ShapeId id, std::uint32_t index) {
  const Table& table = *tables_[shapes_[id]->table];
  index = std::min(index, static_cast<std::uint32_t>(table.prefix_max));
  if (const ChildId known = shapes_[id]->by_key[index]; known != kNone) return known;
  std::vector<NodeId> values;
  for (const std::uint32_t rule : shapes_[id]->open) {
    const ListRule& list = nodes_.list_rule(table.rules[rule]);
    values.push_back(index < list.prefix.size() ? list.prefix[index] : list.items);
  }
  return shapes_[id]->by_key[index] = make_child(id, values);
}

ChildId Shapes::make_child(ShapeId id, const std::vector<NodeId>& values) {
  const Shape& shape = *shapes_[id];
  const Table& table = *tables_[shape.table];
  auto child = std::make_unique<Child>();
  Substitution by_rule;
  std::vector<NodeId> watched;
  const auto slot_of = [&](NodeId node) {
    const auto found = std::ranges::find(watched, node);
    if (found == watched.end()) watched.push_back(node);
    return static_cast<std::uint32_t>(std::ranges::find(watched, node) - watched.begin());
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t rule = shape.open[i];
    by_rule.emplace(table.rules[rule], values[i]);
    if (table.kind == Kind::List) {
      const ListRule& list = nodes_.list_rule(table.rules[rule]);
      if (list.counts() && list.contains != kNever) {
        child->contains.push_back(
            {rule, list.contains == kAlways ? kNone : slot_of(list.contains)});
      }
    }
    if (values[i] == kAlways || std::ranges::binary_search(shape.strict, rule)) continue;
    child->fates.push_back({rule, values[i] == kNever ? kNone : slot_of(values[i])});
  }
  const NodeId must = demand(shape.must, by_rule);
  child->possible = !exhausted() && possible(must);
  child->goal = goal(must, std::move(watched));
  bytes_ += kChildBytes + (child->fates.size() + child->contains.size()) * sizeof(Child::Fate);
  children_.push_back(std::move(child));
  return static_cast<ChildId>(children_.size() - 1);
}

NodeId Shapes::demand(NodeId formula, const Substitution& values) {
  const NodeOp op = nodes_.op(formula);
  if (is_rule(op)) return values.at(formula);
  if (op == NodeOp::Not) return kAlways;  // what fails later will do
  if (formula == kAlways || formula == kNever) return formula;
  std::vector<NodeId> parts = nodes_.operands(formula);
  for (NodeId& part : parts) part = demand(part, values);
  return op == NodeOp::And ? nodes_.all(parts) : nodes_.any(parts);
}

NodeId Shapes::substitute(NodeId formula, const Substitution& values) {
  const NodeOp op = nodes_.op(formula);
  if (is_rule(op)) {
    const auto value = values.find(formula);
    return value == values.end() ? formula : value->second;
  }
  if (formula == kAlways || formula == kNever) return formula;
  std::vector<NodeId> parts = nodes_.operands(formula);
  for (NodeId& part : parts) part = substitute(part, values);
  switch (op) {
    case NodeOp::And: return nodes_.all(parts);
    case NodeOp::Or: return nodes_.any(parts);
    case NodeOp::One: return nodes_.exactly_one(parts);
    default: return nodes_.negation(parts[0]);
  }
}

ShapeId Shapes::assume(ShapeId id, std::span<const Known> known) {
  const Table& table = *tables_[shapes_[id]->table];
  Substitution values;
  for (const auto& [rule, truth] : known)
    values.emplace(table.rules[rule], truth ? kAlways : kNever);
  const NodeId must = substitute(shapes_[id]->must, values);
  if (must == kNever || exhausted()) return kNone;
  std::vector<NodeId> watched = shapes_[id]->watched;
  for (NodeId& node : watched) node = substitute(node, values);
  return intern_shape(shapes_[id]->table, must, std::move(watched));
}

bool Shapes::evaluate(NodeId formula, const Substitution& truths) const {
  const NodeOp op = nodes_.op(formula);
  if (is_rule(op)) return truths.at(formula) == kAlways;
  if (formula == kAlways || formula == kNever) return formula == kAlways;
  std::size_t n_true = 0;
  const auto operands = nodes_.operands(formula);
  for (const NodeId operand : operands) n_true += evaluate(operand, truths);
  switch (op) {
    case NodeOp::And: return n_true == operands.size();
    case NodeOp::Or: return n_true > 0;
    case NodeOp::One: return n_true == 1;
    default: return n_true == 0;
  }
}

bool Shapes::decide(ShapeId id, const std::vector<bool>& truth, Verdicts& verdicts) {
  const Shape& shape = *shapes_[id];
  const Table& table = *tables_[shape.table];
  Substitution truths;
  for (std::size_t i = 0; i < shape.open.size(); ++i) {
    truths.emplace(table.rules[shape.open[i]], truth[i] ? kAlways : kNever);
  }
  verdicts.clear();
  for (const NodeId node : shape.watched) verdicts.push_back(evaluate(node, truths));
  return evaluate(shape.must, truths);
}

}  // namespace engine::grammar
