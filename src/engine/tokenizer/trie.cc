#include "engine/tokenizer/trie.h"

#include <algorithm>
#include <utility>

namespace engine::tokenizer {

void Trie::insert(std::string_view text, std::int32_t value) {
  Node node = kRoot;
  for (const char byte : text) node = child_for(node, byte);
  values_[node] = value;
}

Trie::Node Trie::child_for(Node node, char byte) {
  if (const Node known = step(node, byte); known != kNone) return known;
  if (values_.size() * 2 > edges_.size()) grow();
  const auto child = static_cast<Node>(values_.size());
  values_.push_back(kNoValue);
  const std::uint64_t key = key_of(node, byte);
  std::size_t slot = slot_of(key);
  while (edges_[slot].key != kEmpty) slot = (slot + 1) & (edges_.size() - 1);
  edges_[slot] = {key, child};
  return child;
}

void Trie::grow() {
  std::vector<Edge> old = std::exchange(edges_, {});
  edges_.resize(std::max<std::size_t>(64, old.size() * 2));
  for (const Edge& edge : old) {
    if (edge.key == kEmpty) continue;
    std::size_t slot = slot_of(edge.key);
    while (edges_[slot].key != kEmpty) slot = (slot + 1) & (edges_.size() - 1);
    edges_[slot] = edge;
  }
}

Trie::Match Trie::longest_prefix(std::string_view text) const {
  Match best;
  Node node = kRoot;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = step(node, text[i]);
    if (node == kNone) break;
    if (values_[node] != kNoValue) best = {i + 1, values_[node]};
  }
  return best;
}

}  // namespace engine::tokenizer
