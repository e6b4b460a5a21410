#include "engine/grammar/rules.h"

#include <algorithm>

namespace engine::grammar {

std::vector<bool> Rules::nullable_rules(const Terms& terms) const {
  std::vector<bool> nullable(n_rules());
  for (bool changed = true; changed;) {
    changed = false;
    for (RuleId rule = 0; rule < n_rules(); ++rule) {
      if (nullable[rule]) continue;
      std::vector<PlaceId> pending{starts_[rule]};
      std::vector<bool> seen(n_places());
      while (!pending.empty() && !nullable[rule]) {
        const PlaceId place = pending.back();
        pending.pop_back();
        if (seen[place]) continue;
        seen[place] = true;
        if (place == ends_[rule]) nullable[rule] = changed = true;
        for (const Edge& edge : edges_[place]) {
          if (edge.read == Read::Nothing || (edge.read == Read::Rule && nullable[edge.what]) ||
              (edge.read == Read::Text && terms.nullable(edge.what))) {
            pending.push_back(edge.to);
          }
        }
      }
    }
  }
  return nullable;
}

RuleId Rules::left_recursive(const Terms& terms) const {
  const std::vector<bool> nullable = nullable_rules(terms);
  std::vector<std::vector<RuleId>> first(n_rules());  // rules called before anything is read
  for (RuleId rule = 0; rule < n_rules(); ++rule) {
    std::vector<PlaceId> pending{starts_[rule]};
    std::vector<bool> seen(n_places());
    while (!pending.empty()) {
      const PlaceId place = pending.back();
      pending.pop_back();
      if (seen[place]) continue;
      seen[place] = true;
      for (const Edge& edge : edges_[place]) {
        if (edge.read == Read::Rule) first[rule].push_back(edge.what);
        if (edge.read == Read::Nothing || (edge.read == Read::Rule && nullable[edge.what]) ||
            (edge.read == Read::Text && terms.nullable(edge.what))) {
          pending.push_back(edge.to);
        }
      }
    }
  }
  // Rules are removed from the graph once nothing is called first any more; what stays is a cycle.
  std::vector<bool> done(n_rules());
  for (bool changed = true; changed;) {
    changed = false;
    for (RuleId rule = 0; rule < n_rules(); ++rule) {
      if (done[rule]) continue;
      if (std::ranges::all_of(first[rule], [&](RuleId called) { return done[called]; })) {
        done[rule] = changed = true;
      }
    }
  }
  const auto found = std::ranges::find(done, false);
  return found == done.end() ? UINT32_MAX : static_cast<RuleId>(found - done.begin());
}

}  // namespace engine::grammar
