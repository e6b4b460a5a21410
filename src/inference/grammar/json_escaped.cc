#include "inference/grammar/json_escaped.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

namespace inference::grammar {
namespace {

using engine::grammar::Automaton;
using engine::grammar::kNothing;
using engine::grammar::TermId;
using engine::grammar::Terms;

constexpr std::size_t kStatesMax = 4'000;
constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::string_view kLetters = "\"\\bfnrt";
constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";

// The automaton of a term: next states by byte.
struct Table {
  std::vector<TermId> terms;
  std::vector<std::array<std::uint32_t, 256>> next;
  std::vector<bool> useful;  // can lead to acceptance
};

std::optional<Table> explore(Terms& terms, TermId start) {
  Table table{.terms = {start}, .next = {}, .useful = {}};
  std::unordered_map<TermId, std::uint32_t> index{{start, 0}};
  for (std::size_t state = 0; state < table.terms.size(); ++state) {
    if (state >= kStatesMax || terms.exhausted()) return std::nullopt;
    const TermId term = table.terms[state];
    std::array<std::uint64_t, 256> labels{};
    terms.refine(term, labels);
    std::unordered_map<std::uint64_t, std::uint32_t> by_label;
    auto& row = table.next.emplace_back();
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const auto [known, is_new] = by_label.emplace(labels[byte], kNone);
      if (is_new) {
        const TermId after = terms.derivative(term, static_cast<std::uint8_t>(byte));
        if (after != kNothing) {
          const auto [at, added] =
              index.emplace(after, static_cast<std::uint32_t>(table.terms.size()));
          if (added) table.terms.push_back(after);
          known->second = at->second;
        }
      }
      row[byte] = known->second;
    }
  }
  return table;
}

void find_useful(const Terms& terms, Table& table) {
  const std::size_t n = table.terms.size();
  std::vector<std::vector<std::uint32_t>> before(n);
  std::vector<std::uint32_t> open;
  table.useful.assign(n, false);
  for (std::uint32_t state = 0; state < n; ++state) {
    for (const std::uint32_t next : table.next[state]) {
      if (next != kNone && (before[next].empty() || before[next].back() != state)) {
        before[next].push_back(state);
      }
    }
    if (terms.nullable(table.terms[state])) {
      table.useful[state] = true;
      open.push_back(state);
    }
  }
  while (!open.empty()) {
    const std::uint32_t state = open.back();
    open.pop_back();
    for (const std::uint32_t earlier : before[state]) {
      if (table.useful[earlier]) continue;
      table.useful[earlier] = true;
      open.push_back(earlier);
    }
  }
}

class Writer {
 public:
  Writer(const Terms& terms, const Table& table) : table_(table) {
    out_.states.resize(table.terms.size());
    for (std::uint32_t state = 0; state < table.terms.size(); ++state) {
      out_.states[state].accepting = terms.nullable(table.terms[state]);
      write(state);
    }
  }
  Automaton take() { return std::move(out_); }

 private:
  std::uint32_t next(std::uint32_t state, std::size_t byte) const {
    const std::uint32_t to = table_.next[state][byte];
    return to != kNone && table_.useful[to] ? to : kNone;
  }

  std::uint32_t add_state() {
    out_.states.emplace_back();
    return static_cast<std::uint32_t>(out_.states.size() - 1);
  }

  void add_edge(std::uint32_t from, char byte, std::uint32_t to) {
    const auto b = static_cast<std::uint8_t>(byte);
    auto& edges = out_.states[from].edges;
    const Automaton::Edge edge{b, b, to};
    edges.insert(std::ranges::upper_bound(edges, b, {}, &Automaton::Edge::first), edge);
  }

  void write(std::uint32_t state) {
    if (!table_.useful[state]) return;
    for (unsigned byte = 0x20; byte < 256; ++byte) {
      if (byte == '"' || byte == '\\' || next(state, byte) == kNone) continue;
      auto& edges = out_.states[state].edges;
      const std::uint32_t to = next(state, byte);
      if (!edges.empty() && edges.back().last + 1u == byte && edges.back().next == to) {
        edges.back().last = static_cast<std::uint8_t>(byte);
      } else {
        edges.push_back({static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(byte), to});
      }
    }
    const std::uint32_t escape = add_state();
    for (std::size_t i = 0; i < kLetters.size(); ++i) {
      const auto byte = static_cast<unsigned char>(kMeanings[i]);
      if (next(state, byte) != kNone) add_edge(escape, kLetters[i], next(state, byte));
    }
    write_codes(state, escape);
    if (out_.states[escape].edges.empty()) {
      out_.states.pop_back();
    } else {
      add_edge(state, '\\', escape);
    }
  }

  // \u00XX for the control characters that have no letter.
  void write_codes(std::uint32_t state, std::uint32_t escape) {
    std::array<std::uint32_t, 2> tens{kNone, kNone};
    std::uint32_t zeros = kNone;
    for (unsigned byte = 0; byte < 0x20; ++byte) {
      const bool has_letter = kMeanings.find(static_cast<char>(byte)) != kMeanings.npos;
      if (has_letter || next(state, byte) == kNone) continue;
      if (zeros == kNone) {
        const std::uint32_t u = add_state(), zero = add_state();
        zeros = add_state();
        add_edge(escape, 'u', u);
        add_edge(u, '0', zero);
        add_edge(zero, '0', zeros);
      }
      std::uint32_t& ten = tens[byte >> 4];
      if (ten == kNone) {
        ten = add_state();
        add_edge(zeros, static_cast<char>('0' + (byte >> 4)), ten);
      }
      const std::uint32_t to = next(state, byte);
      const unsigned digit = byte & 15u;
      if (digit < 10) {
        add_edge(ten, static_cast<char>('0' + digit), to);
      } else {
        add_edge(ten, static_cast<char>('a' + digit - 10), to);
        add_edge(ten, static_cast<char>('A' + digit - 10), to);
      }
    }
  }

  const Table& table_;
  Automaton out_;
};

}  // namespace

std::optional<TermId> json_escaped(Terms& terms, TermId term) {
  auto table = explore(terms, term);
  if (!table) return std::nullopt;
  find_useful(terms, *table);
  if (!table->useful[0]) return kNothing;
  return terms.automaton(Writer(terms, *table).take());
}

}  // namespace inference::grammar
