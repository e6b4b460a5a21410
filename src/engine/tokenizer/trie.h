// A set of byte strings with a number each, walked byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace engine::tokenizer {

// Edges lie in one open-addressed hash table, so a step costs one probe whatever the fan-out. Build
// first, then read from any thread.
class Trie {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = 0xFFFFFFFF;
  static constexpr std::int32_t kNoValue = -1;

  // Inserting a string again replaces its value. `value` >= 0.
  void insert(std::string_view text, std::int32_t value);

  Node step(Node node, char byte) const {
    if (edges_.empty()) return kNone;
    const std::uint64_t key = key_of(node, byte);
    for (std::size_t slot = slot_of(key);; slot = (slot + 1) & (edges_.size() - 1)) {
      if (edges_[slot].key == key) return edges_[slot].child;
      if (edges_[slot].key == kEmpty) return kNone;
    }
  }
  // kNoValue where no string ends.
  std::int32_t value(Node node) const { return values_[node]; }

  struct Match {
    std::size_t size = 0;
    std::int32_t value = kNoValue;
  };
  // The longest string that `text` starts with.
  Match longest_prefix(std::string_view text) const;

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  struct Edge {
    std::uint64_t key = kEmpty;
    Node child = kNone;
  };

  static std::uint64_t key_of(Node node, char byte) {
    return (std::uint64_t{node} << 8) | static_cast<unsigned char>(byte);
  }
  std::size_t slot_of(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> 20) & (edges_.size() - 1);
  }
  void grow();
  Node child_for(Node node, char byte);

  std::vector<Edge> edges_;  // size is a power of two, at most half full
  std::vector<std::int32_t> values_ = {kNoValue};
};

}  // namespace engine::tokenizer
