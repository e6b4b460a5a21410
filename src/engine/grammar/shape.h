// How formulas over rules are decided while a value is written, from its first byte to its last.
// A goal is what the value at one position must satisfy. Once its kind is known, a record or list
// follows a shape: the formula that is left over the rules that can still go either way. Every rule
// of a shape looks at the same keys and items in lockstep; a rule that fails is replaced by false,
// which gives the next shape. Goals and shapes are made when they are first reached.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits/grammar.h"
#include "engine/grammar/language.h"
#include "engine/grammar/node.h"

namespace engine::grammar {

using GoalId = std::uint32_t;
using ShapeId = std::uint32_t;
using ChildId = std::uint32_t;
inline constexpr std::uint32_t kNone = UINT32_MAX;

// Truth of watched formulas, by index.
using Verdicts = std::vector<bool>;

// What the value after one key, or one item, must satisfy, and what its verdicts mean to the rules
// of the shape it stands in.
struct Child {
  GoalId goal = kNone;
  bool possible = false;
  struct Fate {
    std::uint32_t rule;  // of the table
    std::uint32_t slot;  // of the goal's verdicts; kNone when the rule fails in any case
  };
  std::vector<Fate> fates;     // a false verdict makes the rule false
  std::vector<Fate> contains;  // a true verdict counts for the rule; slot kNone means always
};

// The rules of one record or list, and for records the keys that any of them declares.
struct Table {
  Kind kind;
  std::vector<NodeId> rules;
  std::vector<std::string_view> keys;                // sorted
  std::vector<std::vector<std::uint32_t>> required;  // by rule: indices of keys
  std::vector<std::uint32_t> by_order;               // keys as the one rule orders them, if it does
  std::size_t prefix_max = 0;                        // lists: the longest prefix
  std::size_t n_words() const {
    return kind == Kind::Record ? (keys.size() + 63) / 64 : (rules.size() + 1) / 2;
  }
};

struct Shape {
  std::uint32_t table;
  NodeId must;
  std::vector<NodeId> watched;
  std::vector<std::uint32_t> open;    // rules of the table that the formulas still mention
  std::vector<std::uint32_t> strict;  // those without which `must` is false
  // The mask alone may lead to where nothing can be completed: formulas that are decided at the
  // end, distinct items, counts.
  bool risky = false;
  bool decidable = false;         // some rule may become true before the end
  bool unique = false;            // lists: some open rule wants distinct items
  bool counting = false;          // lists: some open rule counts matching items
  bool count_bounded = false;     // some open rule has a count_max
  std::uint32_t ordered = kNone;  // records: the strict rule whose keys come in order, if any
  LanguageId extras = kNone;      // records: of the keys that are not in the table
  StateId extras_start = kDead;
  std::vector<ChildId> by_key;  // or by item index; kNone where not made yet
  std::map<Verdicts, ChildId> by_patterns;
};

struct GoalKinds {
  KindSet possible = 0;
  LanguageId text = kNone, number = kNone;
  ShapeId record = kNone, list = kNone;
};

// Owned by one Grammar; not synchronised. References are valid until the next call.
class Shapes {
 public:
  Shapes(Terms& terms, Nodes& nodes, Languages& languages);
  // How any number is spelt.
  void set_number_syntax(TermId term) { number_syntax_ = term; }

  GoalId goal(NodeId must, std::vector<NodeId> watched = {});
  // Which kinds a value may start as, with their machines.
  const GoalKinds& kinds(GoalId goal);
  // The verdicts of a goal on null, false and true.
  Verdicts literal_verdicts(GoalId goal, Kind kind);

  const Shape& shape(ShapeId id) const { return *shapes_[id]; }
  const Table& table(ShapeId id) const { return *tables_[shapes_[id]->table]; }
  const Child& child(ChildId id) const { return *children_[id]; }
  ChildId key_child(ShapeId shape, std::uint32_t key);
  ChildId extra_child(ShapeId shape, const Verdicts& patterns);
  ChildId item_child(ShapeId shape, std::uint32_t index);
  const RecordRule& record_rule(ShapeId id, std::uint32_t rule) const {
    return nodes_.record_rule(table(id).rules[rule]);
  }
  const ListRule& list_rule(ShapeId id, std::uint32_t rule) const {
    return nodes_.list_rule(table(id).rules[rule]);
  }

  // The shape after some rules have become true or false; kNone when that cannot be satisfied.
  struct Known {
    std::uint32_t rule;
    bool truth;
  };
  ShapeId assume(ShapeId shape, std::span<const Known> known);
  // The truth of the shape's requirement and of what it watches when each open rule has this truth.
  bool decide(ShapeId shape, const std::vector<bool>& truth_by_rule, Verdicts& verdicts);
  // Whether any value at all satisfies the node, as far as a bounded search can tell.
  bool satisfiable(NodeId node) { return possible(node); }

  // The texts that satisfy a node; absent when part of it is not known yet.
  std::optional<TermId> text_term(NodeId node);

  // No further shapes are made: values that need them are refused.
  bool exhausted() const { return bytes_ > limits::grammar_shape_bytes_max; }

 private:
  using Substitution = std::map<NodeId, NodeId>;

  ShapeId shape_of(Kind kind, NodeId must, std::vector<NodeId> watched);
  ShapeId intern_shape(std::uint32_t table, NodeId must, std::vector<NodeId> watched);
  std::uint32_t table_of(Kind kind, std::span<const NodeId> rules);
  void list_order(Table& table) const;
  void collect_rules(NodeId formula, std::vector<NodeId>& rules) const;
  void describe(Shape& shape);
  void describe_extras(Shape& shape);
  ChildId make_child(ShapeId shape, const std::vector<NodeId>& values);
  LanguageId text_language(NodeId must, const std::vector<NodeId>& watched);
  LanguageId number_language(NodeId must, const std::vector<NodeId>& watched);
  TermId term_of(NodeId formula);
  TermId extras_term(NodeId formula);
  TermId extras_term(const RecordRule& rule);
  // The weakest demand on a child for the formula to stay satisfiable: rules become their nodes.
  NodeId demand(NodeId formula, const Substitution& values);
  NodeId substitute(NodeId formula, const Substitution& values);
  bool evaluate(NodeId formula, const Substitution& truths) const;
  NodeId value_for(const RecordRule& rule, std::string_view name);
  bool matches(TermId term, std::string_view text);

  bool has_text(LanguageId language);
  bool possible(NodeId node);
  bool possible(NodeId node, int depth);
  bool decide_possible(NodeId node, int depth);
  bool record_possible(NodeId formula, int depth);
  bool list_possible(NodeId formula, int depth);

  Terms& terms_;
  Nodes& nodes_;
  Languages& languages_;
  struct Goal {
    NodeId must;
    std::vector<NodeId> watched;
    std::optional<GoalKinds> kinds;
  };
  std::vector<std::unique_ptr<Goal>> goals_;
  std::vector<std::unique_ptr<Shape>> shapes_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<Child>> children_;
  std::map<std::vector<NodeId>, GoalId> goal_index_;
  std::map<std::vector<NodeId>, ShapeId> shape_index_;
  std::map<std::vector<NodeId>, std::uint32_t> table_index_;
  std::map<NodeId, bool> possible_;
  std::set<NodeId> probing_;  // nodes whose possibility is being decided
  bool assumed_ = false;      // the running decision leant on one of them
  int probe_fuel_ = 0;
  TermId number_syntax_ = kAnything;
  std::size_t bytes_ = 0;  // of shapes and children, about
};

}  // namespace engine::grammar
