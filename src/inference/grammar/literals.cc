#include "inference/grammar/literals.h"

#include <algorithm>

#include "base/limits/grammar.h"

namespace inference::grammar {

engine::grammar::TermId any_literal(engine::grammar::Terms& terms,
                                    std::vector<std::string_view> texts) {
  if (texts.size() == 1) return terms.literal(texts[0]);
  std::ranges::sort(texts);
  // A trie; the last edge of a state is the one that the last text took, since they are sorted.
  engine::grammar::Automaton trie;
  trie.states.emplace_back();
  for (const std::string_view text : texts) {
    if (trie.states.size() > limits::grammar_trie_states_max) return engine::grammar::kNothing;
    std::uint32_t state = 0;
    for (const char c : text) {
      const auto byte = static_cast<std::uint8_t>(c);
      auto& edges = trie.states[state].edges;
      if (edges.empty() || edges.back().first != byte) {
        edges.push_back({byte, byte, static_cast<std::uint32_t>(trie.states.size())});
        state = static_cast<std::uint32_t>(trie.states.size());
        trie.states.emplace_back();
      } else {
        state = edges.back().next;
      }
    }
    trie.states[state].accepting = true;
  }
  return terms.automaton(std::move(trie));
}

}  // namespace inference::grammar
