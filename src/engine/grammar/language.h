// Automata over terms, determinised state by state as they are walked. A Language decides one text:
// whether it satisfies a requirement and, alongside, which of some watched languages it is in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/grammar/term.h"

namespace engine::grammar {

using LanguageId = std::uint32_t;
using StateId = std::uint32_t;
inline constexpr StateId kDead = 0;  // of every language
inline constexpr LanguageId kFreeLanguage = 0;

struct LanguageKey {
  TermId required = kAnything;
  std::vector<TermId> watched;
  std::uint32_t length_min = 0;  // in code points
  std::uint32_t length_max = kUnbounded;

  auto operator<=>(const LanguageKey&) const = default;
};

// Owned by one Grammar; not synchronised. States that cannot lead to acceptance are kDead (as far
// as a bounded search can tell).
class Languages {
 public:
  explicit Languages(Terms& terms);

  // kFreeLanguage is every string.
  LanguageId language(LanguageKey key);
  StateId start(LanguageId language) const { return languages_[language]->start; }
  std::uint32_t length_min(LanguageId language) const {
    return languages_[language]->key.length_min;
  }
  std::uint32_t length_max(LanguageId language) const {
    return languages_[language]->key.length_max;
  }
  std::size_t n_watched(LanguageId language) const {
    return languages_[language]->key.watched.size();
  }

  StateId step(LanguageId language, StateId state, std::uint8_t byte) {
    Automaton& a = *languages_[language];
    const StateId next = a.rows[state * a.n_classes + a.classes[byte]];
    return next != kUnknown ? next : compute(a, state, byte);
  }
  bool accepting(LanguageId language, StateId state) const {
    return languages_[language]->states[state].accepting;
  }
  // Every continuation is accepted, with the same verdicts.
  bool universal(LanguageId language, StateId state) const {
    return languages_[language]->states[state].universal;
  }
  // Equal for states of the language with the same verdicts.
  std::uint32_t verdict(LanguageId language, StateId state) const {
    return languages_[language]->states[state].verdict;
  }
  // The same place in the language that asks the same of the rest of a text, whatever its length,
  // and watches nothing.
  std::pair<LanguageId, StateId> unwatched(LanguageId language, StateId state);
  bool watched(LanguageId language, StateId state, std::size_t index) const {
    const Automaton& a = *languages_[language];
    return terms_.nullable(a.terms[state * a.stride() + 1 + index]);
  }
  // Every text of a permitted length is accepted.
  bool is_free(LanguageId language) const {
    return languages_[language]->key.required == kAnything;
  }
  // Some states of the language may be dead ends: a search that would have told was cut off.
  bool is_uncertain(LanguageId language) const { return languages_[language]->uncertain; }
  bool any_uncertain() const { return any_uncertain_; }
  // The length of the shortest accepted continuation; `compute` finds it the first time.
  template <class Compute>
  std::uint32_t shortest(LanguageId language, StateId state, Compute&& compute) {
    auto& known = languages_[language]->shortest;
    if (const auto found = known.find(state); found != known.end()) return found->second;
    const std::uint32_t length = compute();
    languages_[language]->shortest.emplace(state, length);
    return length;
  }
  // The byte classes, for those who walk whole sets of bytes at once.
  std::span<const std::uint8_t> classes(LanguageId language) const {
    return languages_[language]->classes;
  }
  std::size_t n_states() const { return n_states_; }
  // How many derivatives have been asked for: what searches bound themselves by.
  std::size_t work() const { return work_; }
  std::size_t size() const { return languages_.size(); }

 private:
  static constexpr StateId kUnknown = UINT32_MAX;
  struct State {
    bool accepting, universal;
    std::uint32_t verdict;
  };
  struct Automaton {
    LanguageKey key;
    std::vector<std::uint8_t> classes = std::vector<std::uint8_t>(256);
    std::vector<std::uint8_t> representative;  // one byte of each class
    std::size_t n_classes = 0;
    std::vector<StateId> rows;  // [n_states, n_classes]
    std::vector<TermId> terms;  // [n_states, 1 + n_watched]
    std::vector<State> states;
    std::unordered_multimap<std::uint64_t, StateId> index;
    std::unordered_map<StateId, std::uint32_t> shortest;
    std::map<std::vector<bool>, std::uint32_t> verdicts;
    StateId start = kDead;
    std::optional<LanguageId> bare;  // what `unwatched` answers with
    bool uncertain = false;
    std::size_t stride() const { return 1 + key.watched.size(); }
  };

  StateId compute(Automaton& a, StateId state, std::uint8_t byte);
  StateId intern(Automaton& a, std::span<const TermId> terms);
  bool can_accept(Automaton& a, TermId term);

  Terms& terms_;
  std::vector<std::unique_ptr<Automaton>> languages_;
  std::map<LanguageKey, LanguageId> index_;
  std::unordered_map<TermId, bool> can_accept_;  // of terms that needed a search
  std::unordered_set<TermId> assumed_;           // of those, the ones whose search was cut off
  std::size_t n_states_ = 0;
  std::size_t n_cells_ = 0;  // of all rows
  std::size_t work_ = 0;
  bool any_uncertain_ = false;
};

}  // namespace engine::grammar
