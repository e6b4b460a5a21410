#include "engine/grammar/term.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "engine/grammar/hash.h"
#include "engine/grammar/thread_time.h"

namespace engine::grammar {
namespace {

// The first and last code point of each UTF-8 length, without the surrogates.
constexpr std::array<std::array<std::uint32_t, 2>, 5> kUtf8Ranges{
    {{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF}}};

// Nesting of derivatives; bounds the stack. Patterns people write stay below a hundred.
constexpr int kDepthMax = 4'000;

std::size_t encode(std::uint32_t point, std::array<std::uint8_t, 4>& out) {
  if (point < 0x80) return out[0] = static_cast<std::uint8_t>(point), 1;
  const std::size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (std::size_t i = length - 1; i > 0; --i, point >>= 6) {
    out[i] = static_cast<std::uint8_t>(0x80 | (point & 0x3F));
  }
  constexpr std::uint8_t kLead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out[0] = static_cast<std::uint8_t>(kLead[length] | point);
  return length;
}

// The sequences of equal length between `first` and `last`, from byte `at` on.
TermId byte_sequences(Terms& terms, std::span<const std::uint8_t> first,
                      std::span<const std::uint8_t> last) {
  if (first.empty()) return kEpsilon;
  const auto one = [&](unsigned lo, unsigned hi, std::span<const std::uint8_t> from,
                       std::span<const std::uint8_t> to) {
    return terms.concat(terms.bytes(ByteSet::range(lo, hi)), byte_sequences(terms, from, to));
  };
  const auto rest_first = first.subspan(1), rest_last = last.subspan(1);
  if (first[0] == last[0]) return one(first[0], first[0], rest_first, rest_last);
  std::array<std::uint8_t, 4> low{0x80, 0x80, 0x80, 0x80}, high{0xBF, 0xBF, 0xBF, 0xBF};
  const auto lowest = std::span<const std::uint8_t>(low).first(rest_first.size());
  const auto highest = std::span<const std::uint8_t>(high).first(rest_first.size());
  const bool from_start = std::ranges::equal(rest_first, lowest);
  const bool to_end = std::ranges::equal(rest_last, highest);
  std::vector<TermId> options;
  const unsigned lo = first[0] + (from_start ? 0u : 1u), hi = last[0] - (to_end ? 0u : 1u);
  if (!from_start) options.push_back(one(first[0], first[0], rest_first, highest));
  if (lo <= hi) options.push_back(one(lo, hi, lowest, highest));
  if (!to_end) options.push_back(one(last[0], last[0], lowest, rest_last));
  return terms.alternatives(options);
}

// Takes away the edges to states from which nothing is accepted, so that what is left is alive.
void remove_dead_ends(Automaton& automaton) {
  const std::size_t n = automaton.states.size();
  std::vector<std::vector<std::uint32_t>> before(n);
  std::vector<bool> alive(n);
  std::vector<std::uint32_t> pending;
  for (std::uint32_t i = 0; i < n; ++i) {
    for (const auto& edge : automaton.states[i].edges) before[edge.next].push_back(i);
    if (automaton.states[i].accepting) alive[i] = true, pending.push_back(i);
  }
  while (!pending.empty()) {
    const std::uint32_t state = pending.back();
    pending.pop_back();
    for (const std::uint32_t previous : before[state]) {
      if (!alive[previous]) alive[previous] = true, pending.push_back(previous);
    }
  }
  for (auto& state : automaton.states) {
    std::erase_if(state.edges, [&](const Automaton::Edge& edge) { return !alive[edge.next]; });
  }
}

}  // namespace

Terms::Terms(std::size_t terms_max) : terms_max_(terms_max) {
  terms_.push_back({Op::Nothing, false, true});
  terms_.push_back({Op::Epsilon, true, true});
  terms_.push_back({Op::Anything, true, true});
}

bool Terms::same(const Term& x, const Term& y, std::span<const TermId> y_list) const {
  if (x.op != y.op) return false;
  if (x.op == Op::Or || x.op == Op::And) return std::ranges::equal(list(x), y_list);
  return x.a == y.a && x.b == y.b && x.lo == y.lo && x.hi == y.hi;
}

bool Terms::is_late() {
  if (deadline_.count() == 0 || --until_look_ > 0) return false;
  until_look_ = kTermsPerLook;
  return thread_time() > deadline_;
}

TermId Terms::intern(const Term& term, std::span<const TermId> operands) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(term.op), term.lo);
  hash = mix(hash, term.hi);
  if (operands.empty()) hash = mix(hash, std::uint64_t{term.a} << 32 | term.b);
  for (const TermId operand : operands) hash = mix(hash, operand);
  for (auto [it, end] = index_.equal_range(hash); it != end; ++it) {
    if (same(terms_[it->second], term, operands)) return it->second;
  }
  if (terms_.size() + lists_.size() / 4 >= terms_max_ || is_late()) {
    exhausted_ = true;
    return kNothing;
  }
  const auto id = static_cast<TermId>(terms_.size());
  terms_.push_back(term);
  if (!operands.empty()) {
    terms_.back().a = static_cast<std::uint32_t>(lists_.size());
    terms_.back().b = static_cast<std::uint32_t>(operands.size());
    lists_.insert(lists_.end(), operands.begin(), operands.end());
  }
  index_.emplace(hash, id);
  return id;
}

TermId Terms::bytes(const ByteSet& set) {
  if (set.empty()) return kNothing;
  const auto found = std::ranges::find(sets_, set);
  const auto index = static_cast<std::uint32_t>(found - sets_.begin());
  if (found == sets_.end()) sets_.push_back(set);
  return intern({Op::Bytes, false, true, index});
}

TermId Terms::literal(std::string_view text) {
  TermId term = kEpsilon;
  for (std::size_t i = text.size(); i-- > 0;) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    term = concat(bytes(ByteSet::range(byte, byte)), term);
  }
  return term;
}

TermId Terms::concat(TermId first, TermId second) {
  if (first == kNothing || second == kNothing) return kNothing;
  if (first == kEpsilon) return second;
  if (second == kEpsilon) return first;
  if (first == kAnything && second == kAnything) return kAnything;
  // Kept as a list that leans to the right; a loop because literals are long.
  std::vector<TermId> heads;
  while (terms_[first].op == Op::Concat) {
    heads.push_back(terms_[first].a);
    first = terms_[first].b;
  }
  heads.push_back(first);
  for (; !heads.empty(); heads.pop_back()) {
    if (second == kNothing) return kNothing;
    const Term head = terms_[heads.back()], tail = terms_[second];
    second = intern({Op::Concat, head.nullable && tail.nullable, head.plain && tail.plain,
                     heads.back(), second});
  }
  return second;
}

TermId Terms::combine(Op op, std::span<const TermId> operands) {
  const TermId absorbing = op == Op::Or ? kAnything : kNothing;
  const TermId neutral = op == Op::Or ? kNothing : kAnything;
  std::vector<TermId> flat;
  for (const TermId operand : operands) {
    if (operand == absorbing) return absorbing;
    if (operand == neutral) continue;
    if (const Term& term = terms_[operand]; term.op == op) {
      const auto nested = list(term);
      flat.insert(flat.end(), nested.begin(), nested.end());
    } else {
      flat.push_back(operand);
    }
  }
  std::ranges::sort(flat);
  flat.erase(std::ranges::unique(flat).begin(), flat.end());
  if (flat.empty()) return neutral;
  if (flat.size() == 1) return flat[0];
  bool any_nullable = false, all_nullable = true, plain = op == Op::Or;
  for (const TermId term : flat) {
    any_nullable |= terms_[term].nullable;
    all_nullable &= terms_[term].nullable;
    plain &= terms_[term].plain;
    // x and not x: everything for a union, nothing for an intersection.
    const Term& operand = terms_[term];
    if (operand.op == Op::Not && std::ranges::binary_search(flat, operand.a)) return absorbing;
  }
  return intern({op, op == Op::Or ? any_nullable : all_nullable, plain}, flat);
}

TermId Terms::alternatives(std::span<const TermId> options) {
  return combine(Op::Or, options);
}

TermId Terms::intersection(std::span<const TermId> parts) {
  if (std::ranges::find(parts, kEpsilon) != parts.end()) {
    return std::ranges::all_of(parts, [&](TermId part) { return nullable(part); }) ? kEpsilon
                                                                                   : kNothing;
  }
  return combine(Op::And, parts);
}

TermId Terms::complement(TermId term) {
  if (term == kNothing) return kAnything;
  if (term == kAnything) return kNothing;
  if (terms_[term].op == Op::Not) return terms_[term].a;
  return intern({Op::Not, !terms_[term].nullable, false, term});
}

TermId Terms::repeat(TermId term, std::uint32_t count_min, std::uint32_t count_max) {
  if (count_min > count_max) return kNothing;
  if (count_max == 0 || term == kEpsilon) return kEpsilon;
  if (term == kNothing) return count_min == 0 ? kEpsilon : kNothing;
  if (count_min == 1 && count_max == 1) return term;
  if (term == kAnything) return kAnything;
  const Term inner = terms_[term];
  if (inner.op == Op::Repeat && inner.lo == 0 && inner.hi == kUnbounded) return term;
  return intern({Op::Repeat, inner.nullable || count_min == 0, inner.plain, term, 0,
                 inner.nullable ? 0 : count_min, count_max});
}

TermId Terms::automaton(Automaton automaton) {
  if (automaton.states.empty()) return kNothing;
  remove_dead_ends(automaton);
  automata_.push_back(std::move(automaton));
  return automaton_state(static_cast<std::uint32_t>(automata_.size() - 1), 0);
}

TermId Terms::automaton_state(std::uint32_t automaton, std::uint32_t state) {
  const auto& node = automata_[automaton].states[state];
  if (node.edges.empty()) return node.accepting ? kEpsilon : kNothing;
  return intern({Op::Automaton, node.accepting, true, automaton, state});
}

TermId Terms::code_points(std::uint32_t first, std::uint32_t last) {
  std::vector<TermId> options;
  for (const auto& [range_first, range_last] : kUtf8Ranges) {
    const auto lo = std::max(first, range_first), hi = std::min(last, range_last);
    if (lo > hi) continue;
    std::array<std::uint8_t, 4> from{}, to{};
    const std::size_t length = encode(lo, from);
    encode(hi, to);
    options.push_back(byte_sequences(*this, std::span<const std::uint8_t>(from).first(length),
                                     std::span<const std::uint8_t>(to).first(length)));
  }
  return alternatives(options);
}

TermId Terms::derivative(TermId id, std::uint8_t byte) {
  const Term term = terms_[id];
  switch (term.op) {  // the cheap ones are not worth a place in the table
    case Op::Nothing:
    case Op::Epsilon: return kNothing;
    case Op::Anything: return kAnything;
    case Op::Bytes: return sets_[term.a].contains(byte) ? kEpsilon : kNothing;
    default: break;
  }
  const std::uint64_t key = std::uint64_t{id} << 8 | byte;
  if (const auto found = derivatives_.find(key); found != derivatives_.end()) return found->second;
  if (depth_ >= kDepthMax) {
    exhausted_ = true;
    return kNothing;
  }
  ++depth_;
  const TermId result = derive(term, byte);
  --depth_;
  if (derivatives_.size() < terms_max_) derivatives_.emplace(key, result);
  return result;
}

TermId Terms::derive(const Term& term, std::uint8_t byte) {
  switch (term.op) {
    case Op::Concat: {
      const TermId head = concat(derivative(term.a, byte), term.b);
      if (!nullable(term.a)) return head;
      const TermId options[] = {head, derivative(term.b, byte)};
      return alternatives(options);
    }
    case Op::Or:
    case Op::And: {
      std::vector<TermId> operands(list(term).begin(), list(term).end());
      for (TermId& operand : operands) operand = derivative(operand, byte);
      return term.op == Op::Or ? alternatives(operands) : intersection(operands);
    }
    case Op::Not: return complement(derivative(term.a, byte));
    case Op::Repeat: {
      const TermId first = derivative(term.a, byte);
      if (first == kNothing) return kNothing;
      return concat(first, repeat(term.a, term.lo > 0 ? term.lo - 1 : 0,
                                  term.hi == kUnbounded ? kUnbounded : term.hi - 1));
    }
    case Op::Automaton: {
      const auto& edges = automata_[term.a].states[term.b].edges;
      const auto edge = std::ranges::lower_bound(edges, byte, {}, &Automaton::Edge::last);
      if (edge == edges.end() || edge->first > byte) return kNothing;
      return automaton_state(term.a, edge->next);
    }
    default: return kNothing;
  }
}

void Terms::refine(TermId root, std::span<std::uint64_t> labels) const {
  std::vector<TermId> pending{root};
  std::vector<bool> seen(terms_.size()), seen_set(sets_.size()), seen_automaton(automata_.size());
  const auto push = [&](TermId id) {
    if (!seen[id]) seen[id] = true, pending.push_back(id);
  };
  while (!pending.empty()) {
    const Term& term = terms_[pending.back()];
    pending.pop_back();
    switch (term.op) {
      case Op::Concat: push(term.a), push(term.b); break;
      case Op::Not:
      case Op::Repeat: push(term.a); break;
      case Op::Or:
      case Op::And:
        for (const TermId operand : list(term)) push(operand);
        break;
      case Op::Bytes:
        if (!seen_set[term.a]) {
          seen_set[term.a] = true;
          for (unsigned b = 0; b < 256; ++b) {
            labels[b] = mix(labels[b], sets_[term.a].contains(b) ? 1 : 2);
          }
        }
        break;
      case Op::Automaton:
        if (!seen_automaton[term.a]) {
          seen_automaton[term.a] = true;
          std::array<bool, 257> boundary{};
          for (const auto& state : automata_[term.a].states) {
            for (const auto& edge : state.edges) {
              boundary[edge.first] = boundary[edge.last + 1u] = true;
            }
          }
          std::uint64_t segment = 0;
          for (unsigned b = 0; b < 256; ++b) {
            segment += boundary[b];
            labels[b] = mix(labels[b], segment);
          }
        }
        break;
      default: break;
    }
  }
}

}  // namespace engine::grammar
