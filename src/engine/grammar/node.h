// What a value must look like, as a hash-consed graph of boolean formulas over rules: rules about
// texts, numbers, records (`{"key": value}`) and lists (`[value, ...]`). A rule says nothing about
// values of another kind and is true of them; the kind itself is a rule too.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <span>
#include <utility>
#include <vector>

#include "engine/grammar/term.h"

namespace engine::grammar {

using NodeId = std::uint32_t;

inline constexpr NodeId kNever = 0;
inline constexpr NodeId kAlways = 1;

enum class Kind : std::uint8_t { Null, False, True, Number, Text, List, Record };
inline constexpr std::size_t kKinds = 7;
using KindSet = std::uint8_t;
constexpr KindSet only(Kind kind) {
  return static_cast<KindSet>(1u << static_cast<unsigned>(kind));
}
inline constexpr KindSet kAllKinds = (1u << kKinds) - 1;

// Of texts: the decoded text is in `term` and has so many code points. Of numbers: the spelling is
// in `term`.
struct ScalarRule {
  TermId term = kAnything;
  std::uint32_t length_min = 0;
  std::uint32_t length_max = kUnbounded;
};

struct RecordRule {
  struct Key {
    std::string name;        // decoded
    NodeId value = kAlways;  // of a declared key
    bool required = false;
    bool declared = true;     // false: named by `required` alone; `additional` applies to it
    std::uint32_t order = 0;  // among the rule's keys, where that matters
  };
  struct Pattern {
    TermId names = kNothing;
    NodeId value = kAlways;
  };
  std::vector<Key> keys;          // sorted by name, no duplicates
  std::vector<Pattern> patterns;  // apply to declared and other keys alike
  NodeId additional = kAlways;    // of keys that are not declared and match no pattern
  TermId names = kAnything;       // every key
  bool ordered = false;           // keys come in their order
  std::uint32_t count_min = 0;
  std::uint32_t count_max = kUnbounded;
};

struct ListRule {
  std::vector<NodeId> prefix;
  NodeId items = kAlways;  // after the prefix
  std::uint32_t count_min = 0;
  std::uint32_t count_max = kUnbounded;
  NodeId contains = kAlways;  // checked when contains_min > 0 or contains_max is bounded
  std::uint32_t contains_min = 0;
  std::uint32_t contains_max = kUnbounded;
  bool unique = false;

  bool counts() const { return contains_min > 0 || contains_max != kUnbounded; }
};

enum class NodeOp : std::uint8_t {
  Never,
  Always,
  Kinds,
  Text,
  Number,
  Record,
  List,
  And,
  Or,
  One,
  Not,
  Hole
};

// Owned by one Grammar; not synchronised. Formulas are simplified as they are built.
class Nodes {
 public:
  explicit Nodes(std::size_t nodes_max);

  NodeId kinds(KindSet kinds);
  NodeId text(ScalarRule rule);
  NodeId number(TermId spelling);
  NodeId record(RecordRule rule);
  NodeId list(ListRule rule);
  NodeId all(std::span<const NodeId> parts);
  NodeId any(std::span<const NodeId> options);
  NodeId exactly_one(std::span<const NodeId> options);
  NodeId negation(NodeId node);
  NodeId all(NodeId a, NodeId b) {
    const NodeId parts[] = {a, b};
    return all(parts);
  }
  NodeId any(NodeId a, NodeId b) {
    const NodeId parts[] = {a, b};
    return any(parts);
  }

  // A node whose formula comes later, for recursion. `fill` may be called once.
  NodeId hole();
  void fill(NodeId hole, NodeId node);
  // False when a formula contains itself without a record or list in between, or is thousands of
  // levels deep.
  bool well_founded() const;
  // The same of one formula, whose holes must be filled.
  bool well_founded(NodeId root) const;

  NodeOp op(NodeId node) const { return nodes_[node].op; }
  KindSet kind_set(NodeId node) const { return static_cast<KindSet>(nodes_[node].a); }
  const ScalarRule& scalar(NodeId node) const { return scalars_[nodes_[node].a]; }
  const RecordRule& record_rule(NodeId node) const { return records_[nodes_[node].a]; }
  const ListRule& list_rule(NodeId node) const { return lists_[nodes_[node].a]; }
  // By value: building nodes moves the storage.
  std::vector<NodeId> operands(NodeId node) const;
  NodeId filled(NodeId hole) const { return nodes_[hole].a; }

  // `node` as seen by a value of this kind: a formula of rules about this kind alone.
  NodeId of_kind(NodeId node, Kind kind);

  // Whether some values may be begun in a way in which they cannot be ended: formulas that are
  // decided late, counts, items that must differ. Of the nodes from `first` on, whose holes must be
  // filled.
  bool has_dead_ends(NodeId first = 0);

  bool exhausted() const { return exhausted_; }
  std::size_t size() const { return nodes_.size(); }

 private:
  enum class Mark : std::uint8_t { Unseen, Open, Done };
  bool visit(NodeId root, std::vector<Mark>& marks) const;

  struct Node {
    NodeOp op;
    std::uint32_t a = 0, b = 0;  // payload; or span of operands_
  };
  NodeId intern(NodeOp op, std::uint32_t a, std::span<const NodeId> operands = {});
  NodeId add(Node node);
  NodeId combine(NodeOp op, std::span<const NodeId> operands);

  std::vector<Node> nodes_;
  std::vector<NodeId> operands_;
  std::vector<ScalarRule> scalars_;
  std::vector<RecordRule> records_;
  std::vector<ListRule> lists_;
  std::unordered_multimap<std::uint64_t, NodeId> index_;
  std::unordered_map<std::uint64_t, NodeId> of_kind_;
  std::size_t nodes_max_;
  bool exhausted_ = false;
};

}  // namespace engine::grammar
