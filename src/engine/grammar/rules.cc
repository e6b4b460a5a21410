#include "engine/grammar/rules.h"

#include <algorithm>

namespace engine::grammar {

// Each place is looked at once, each call at most twice: grammars are made by users.
std::vector<bool> Rules::nullable_rules(const Terms& terms) const {
  std::vector<bool> nullable(n_rules()), seen(n_places());
  std::vector<RuleId> rule_ending_at(n_places(), UINT32_MAX);
  std::vector<std::vector<PlaceId>> waiting(n_rules());  // places behind calls
  std::vector<PlaceId> pending = starts_;
  for (RuleId rule = 0; rule < n_rules(); ++rule) rule_ending_at[ends_[rule]] = rule;
  while (!pending.empty()) {
    const PlaceId place = pending.back();
    pending.pop_back();
    if (seen[place]) continue;
    seen[place] = true;
    if (const RuleId rule = rule_ending_at[place]; rule != UINT32_MAX) {
      nullable[rule] = true;
      pending.insert(pending.end(), waiting[rule].begin(), waiting[rule].end());
    }
    for (const Edge& edge : edges_[place]) {
      if (edge.read == Read::Rule && !nullable[edge.what]) {
        waiting[edge.what].push_back(edge.to);
      } else if (edge.read == Read::Nothing || edge.read == Read::Rule ||
                 (edge.read == Read::Text && terms.nullable(edge.what))) {
        pending.push_back(edge.to);
      }
    }
  }
  return nullable;
}

void Rules::prune() {
  struct Way {
    PlaceId from;
    const Edge* edge;
  };
  std::vector<std::vector<Way>> before(n_places());
  for (PlaceId place = 0; place < n_places(); ++place) {
    for (const Edge& edge : edges_[place]) {
      if (edge.read != Read::Text || edge.what != kNothing)
        before[edge.to].push_back({place, &edge});
    }
  }
  std::vector<bool> ends(n_places());
  std::vector<std::vector<PlaceId>> waiting(n_places());  // for a rule, by its start
  std::vector<PlaceId> pending = ends_;
  while (!pending.empty()) {
    const PlaceId place = pending.back();
    pending.pop_back();
    if (ends[place]) continue;
    ends[place] = true;
    pending.insert(pending.end(), waiting[place].begin(), waiting[place].end());
    for (const auto& [from, edge] : before[place]) {
      const bool is_call = edge->read == Read::Rule && !ends[starts_[edge->what]];
      (is_call ? waiting[starts_[edge->what]] : pending).push_back(from);
    }
  }
  for (auto& edges : edges_) {
    std::erase_if(edges, [&](const Edge& edge) {
      return !ends[edge.to] || (edge.read == Read::Text && edge.what == kNothing) ||
             (edge.read == Read::Rule && !ends[starts_[edge.what]]);
    });
  }
}

RuleId Rules::left_recursive(const Terms& terms) const {
  const std::vector<bool> nullable = nullable_rules(terms);
  std::vector<std::vector<RuleId>> callers(n_rules());  // before anything is read
  std::vector<std::size_t> n_calls(n_rules());
  std::vector<bool> seen(n_places());  // rules share no places
  for (RuleId rule = 0; rule < n_rules(); ++rule) {
    std::vector<PlaceId> pending{starts_[rule]};
    while (!pending.empty()) {
      const PlaceId place = pending.back();
      pending.pop_back();
      if (seen[place]) continue;
      seen[place] = true;
      for (const Edge& edge : edges_[place]) {
        if (edge.read == Read::Rule) callers[edge.what].push_back(rule), ++n_calls[rule];
        if (edge.read == Read::Nothing || (edge.read == Read::Rule && nullable[edge.what]) ||
            (edge.read == Read::Text && terms.nullable(edge.what))) {
          pending.push_back(edge.to);
        }
      }
    }
  }
  // Rules are removed from the graph once nothing is called first any more; what stays is a cycle.
  std::vector<RuleId> done;
  for (RuleId rule = 0; rule < n_rules(); ++rule) {
    if (n_calls[rule] == 0) done.push_back(rule);
  }
  for (std::size_t i = 0; i < done.size(); ++i) {
    for (const RuleId caller : callers[done[i]]) {
      if (--n_calls[caller] == 0) done.push_back(caller);
    }
  }
  const auto found = std::ranges::find_if(n_calls, [](std::size_t n) { return n > 0; });
  return found == n_calls.end() ? UINT32_MAX : static_cast<RuleId>(found - n_calls.begin());
}

}  // namespace engine::grammar
