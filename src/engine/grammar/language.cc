#include "engine/grammar/language.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/limits/grammar.h"
#include "engine/grammar/hash.h"

namespace engine::grammar {
namespace {

// A search for an accepting state looks at this many terms and then assumes that there is one.
constexpr std::size_t kSearchTermsMax = 400;

}  // namespace

Languages::Languages(Terms& terms) : terms_(terms) {
  language({});
}

LanguageId Languages::language(LanguageKey key) {
  if (const auto found = index_.find(key); found != index_.end()) return found->second;
  const auto id = static_cast<LanguageId>(languages_.size());
  auto automaton = std::make_unique<Automaton>();
  Automaton& a = *automaton;
  a.key = key;
  std::array<std::uint64_t, 256> labels{};
  terms_.refine(key.required, labels);
  for (const TermId term : key.watched) terms_.refine(term, labels);
  std::unordered_map<std::uint64_t, std::uint8_t> class_of;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto [it, fresh] =
        class_of.try_emplace(labels[byte], static_cast<std::uint8_t>(a.representative.size()));
    if (fresh) a.representative.push_back(static_cast<std::uint8_t>(byte));
    a.classes[byte] = it->second;
  }
  a.n_classes = a.representative.size();
  a.rows.assign(a.n_classes, kDead);
  a.terms.assign(a.stride(), kNothing);
  a.states.push_back({false, false, 0});
  std::vector<TermId> start{key.required};
  start.insert(start.end(), key.watched.begin(), key.watched.end());
  a.start = intern(a, start);
  languages_.push_back(std::move(automaton));
  index_.emplace(std::move(key), id);
  return id;
}

std::pair<LanguageId, StateId> Languages::unwatched(LanguageId id, StateId state) {
  Automaton& a = *languages_[id];
  if (!a.bare) a.bare = language({.required = a.key.required, .watched = {}});
  if (*a.bare == id || state == kDead) return {*a.bare, state};
  const TermId required = a.terms[state * a.stride()];
  return {*a.bare, intern(*languages_[*a.bare], std::span(&required, 1))};
}

StateId Languages::intern(Automaton& a, std::span<const TermId> terms) {
  if (!can_accept(a, terms[0])) return kDead;
  std::uint64_t hash = 0;
  for (const TermId term : terms) hash = mix(hash, term);
  for (auto [it, end] = a.index.equal_range(hash); it != end; ++it) {
    if (std::ranges::equal(std::span(a.terms).subspan(it->second * a.stride(), a.stride()),
                           terms)) {
      return it->second;
    }
  }
  constexpr std::size_t kStateCells = 16;  // its terms and index entry
  n_cells_ += a.n_classes + kStateCells;
  if (n_cells_ > limits::grammar_cells_max) {
    terms_.exhaust();
    return kDead;
  }
  const auto id = static_cast<StateId>(a.states.size());
  const bool universal =
      terms[0] == kAnything && std::ranges::all_of(terms.subspan(1), [](TermId term) {
        return term == kAnything || term == kNothing;
      });
  std::vector<bool> watched;
  for (const TermId term : terms.subspan(1)) watched.push_back(terms_.nullable(term));
  const auto verdict = static_cast<std::uint32_t>(a.verdicts.size());
  const std::uint32_t known = a.verdicts.try_emplace(std::move(watched), verdict).first->second;
  a.states.push_back({terms_.nullable(terms[0]), universal, known});
  a.terms.insert(a.terms.end(), terms.begin(), terms.end());
  a.rows.resize(a.rows.size() + a.n_classes, universal ? id : kUnknown);
  a.index.emplace(hash, id);
  ++n_states_;
  return id;
}

StateId Languages::compute(Automaton& a, StateId state, std::uint8_t byte) {
  std::vector<TermId> next(a.terms.begin() + static_cast<std::ptrdiff_t>(state * a.stride()),
                           a.terms.begin() + static_cast<std::ptrdiff_t>((state + 1) * a.stride()));
  const std::size_t before = terms_.size();
  for (TermId& term : next) term = terms_.derivative(term, byte);
  work_ += next.size() + (terms_.size() - before);
  const StateId id = intern(a, next);
  a.rows[state * a.n_classes + a.classes[byte]] = id;
  return id;
}

bool Languages::can_accept(Automaton& a, TermId root) {
  if (terms_.nullable(root)) return true;
  if (terms_.plain(root)) return root != kNothing;
  if (const auto found = can_accept_.find(root); found != can_accept_.end()) {
    if (assumed_.contains(root)) a.uncertain = true;
    return found->second;
  }
  std::vector<TermId> order{root};
  std::unordered_set<TermId> seen{root};
  bool accepts = false, is_assumed = false;
  const std::size_t before = terms_.size();
  for (std::size_t i = 0; i < order.size() && !accepts; ++i) {
    work_ += a.representative.size();
    for (const std::uint8_t byte : a.representative) {
      const TermId next = terms_.derivative(order[i], byte);
      if (next == kNothing) continue;
      const auto known = can_accept_.find(next);
      if (known != can_accept_.end() && !known->second) continue;
      const bool is_alive =
          terms_.nullable(next) || terms_.plain(next) || known != can_accept_.end();
      if (is_alive || order.size() > kSearchTermsMax) {
        accepts = true;
        is_assumed = !(terms_.nullable(next) || terms_.plain(next)) &&
                     (!is_alive || assumed_.contains(next));
        break;
      }
      if (seen.insert(next).second) order.push_back(next);
    }
  }
  work_ += terms_.size() - before;
  if (accepts) {
    can_accept_.emplace(root, true);
    if (is_assumed) assumed_.insert(root), a.uncertain = any_uncertain_ = true;
  } else {  // the search was complete: nothing that it saw leads anywhere
    for (const TermId term : order) can_accept_.emplace(term, false);
  }
  return accepts;
}

}  // namespace engine::grammar
