// Context-free rules: a network of places joined by edges that read nothing, a text of some
// language, one special token, a value, or another rule.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/grammar/language.h"
#include "engine/grammar/node.h"

namespace engine::grammar {

using PlaceId = std::uint32_t;
using RuleId = std::uint32_t;

class Rules {
 public:
  enum class Read : std::uint8_t { Nothing, Text, Value, Rule, Token };
  struct Edge {
    Read read;
    std::uint32_t what;  // TermId, NodeId, RuleId, or a token id
    PlaceId to;
  };

  // A rule begins at one place and is over at another.
  RuleId add_rule() {
    starts_.push_back(add_place());
    ends_.push_back(add_place());
    return static_cast<RuleId>(starts_.size() - 1);
  }
  PlaceId add_place() {
    edges_.emplace_back();
    is_end_.push_back(false);
    return static_cast<PlaceId>(edges_.size() - 1);
  }
  void add_edge(PlaceId from, Edge edge) { edges_[from].push_back(edge); }
  // To be called when the rule is complete.
  void close(RuleId rule) { is_end_[ends_[rule]] = true; }

  PlaceId start(RuleId rule) const { return starts_[rule]; }
  PlaceId end(RuleId rule) const { return ends_[rule]; }
  bool is_end(PlaceId place) const { return is_end_[place]; }
  const std::vector<Edge>& edges(PlaceId place) const { return edges_[place]; }
  std::size_t n_rules() const { return starts_.size(); }
  std::size_t n_places() const { return edges_.size(); }

  // Takes away what leads nowhere: rules that never end, and texts that there are not.
  void prune();

  // A rule that can call itself before anything is read, if there is one: it would never end.
  // kNone (UINT32_MAX) when there is none. `nullable_text` tells whether a term has the empty text.
  RuleId left_recursive(const Terms& terms) const;

 private:
  std::vector<bool> nullable_rules(const Terms& terms) const;

  std::vector<PlaceId> starts_, ends_;
  std::vector<std::vector<Edge>> edges_;
  std::vector<bool> is_end_;
};

}  // namespace engine::grammar
