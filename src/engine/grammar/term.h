// Regular languages over bytes as hash-consed terms that are closed under union, intersection,
// complement and counted repetition. A step of an automaton is a derivative (Brzozowski 1964): the
// language of what may still follow after a byte. Terms are only ever added, within a bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/grammar/byte_set.h"

namespace engine::grammar {

using TermId = std::uint32_t;

inline constexpr TermId kNothing = 0;   // no string at all
inline constexpr TermId kEpsilon = 1;   // the empty string
inline constexpr TermId kAnything = 2;  // every string of bytes
inline constexpr std::uint32_t kUnbounded = UINT32_MAX;

// A ready-made automaton used as a leaf of terms: tries of literals, ranges of numbers. State 0 is
// the start; an absent edge is failure.
struct Automaton {
  struct Edge {
    std::uint8_t first, last;
    std::uint32_t next;
  };
  struct State {
    std::vector<Edge> edges;  // sorted, disjoint
    bool accepting = false;
  };
  std::vector<State> states;
};

// Owned by one Grammar; not synchronised.
class Terms {
 public:
  // Beyond this many terms every new one is kNothing and `exhausted()` turns true.
  explicit Terms(std::size_t terms_max);

  TermId bytes(const ByteSet& set);
  TermId literal(std::string_view text);
  TermId concat(TermId first, TermId second);
  TermId alternatives(std::span<const TermId> options);
  TermId intersection(std::span<const TermId> parts);
  TermId complement(TermId term);
  TermId repeat(TermId term, std::uint32_t count_min, std::uint32_t count_max);
  TermId optional(TermId term) { return repeat(term, 0, 1); }
  TermId automaton(Automaton automaton);
  // The code points first..last as UTF-8; surrogates are left out.
  TermId code_points(std::uint32_t first, std::uint32_t last);
  TermId any_code_point() { return code_points(0, 0x10FFFF); }

  TermId derivative(TermId term, std::uint8_t byte);
  bool nullable(TermId term) const { return terms_[term].nullable; }
  // True when the term is known not to be empty without any search: no complement or intersection.
  bool plain(TermId term) const { return terms_[term].plain; }
  // Refines `classes` (256 labels) so that bytes which the term tells apart get different labels.
  void refine(TermId term, std::span<std::uint64_t> labels) const;

  // Until it is cleared: terms that are made after so much of this thread's CPU time are kNothing,
  // as beyond the bound of their number. Zero clears.
  void set_deadline(std::chrono::nanoseconds deadline) { deadline_ = deadline; }

  bool exhausted() const { return exhausted_; }
  // What is built of terms has met a limit of its own.
  void exhaust() { exhausted_ = true; }
  std::size_t size() const { return terms_.size(); }

 private:
  enum class Op : std::uint8_t {
    Nothing,
    Epsilon,
    Anything,
    Bytes,
    Concat,
    Or,
    And,
    Not,
    Repeat,
    Automaton
  };
  struct Term {
    Op op;
    bool nullable;
    bool plain;
    std::uint32_t a = 0, b = 0;    // operands; Or and And: span of lists_; Automaton: index, state
    std::uint32_t lo = 0, hi = 0;  // Repeat
  };

  static constexpr std::uint32_t kTermsPerLook = 512;  // between two looks at the clock
  bool is_late();
  TermId intern(const Term& term, std::span<const TermId> list = {});
  TermId combine(Op op, std::span<const TermId> operands);
  TermId derive(const Term& term, std::uint8_t byte);
  TermId automaton_state(std::uint32_t automaton, std::uint32_t state);
  std::span<const TermId> list(const Term& term) const {
    return std::span(lists_).subspan(term.a, term.b);
  }
  bool same(const Term& x, const Term& y, std::span<const TermId> y_list) const;

  std::vector<Term> terms_;
  std::vector<TermId> lists_;
  std::vector<ByteSet> sets_;
  std::vector<Automaton> automata_;
  std::unordered_multimap<std::uint64_t, TermId> index_;   // hash -> terms
  std::unordered_map<std::uint64_t, TermId> derivatives_;  // term << 8 | byte
  std::size_t terms_max_;
  int depth_ = 0;  // of nested derivatives
  std::chrono::nanoseconds deadline_{};
  std::uint32_t until_look_ = kTermsPerLook;
  bool exhausted_ = false;
};

}  // namespace engine::grammar
