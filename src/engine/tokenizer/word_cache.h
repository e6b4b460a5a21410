// Remembers the words of a text while it is encoded: most words of a long text occurred before.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "engine/token.h"

namespace engine::tokenizer {

// One slot per hash; a word takes the place of another. Words are views into the text and tokens a
// range of the output, so nothing is copied or allocated after construction.
class WordCache {
 public:
  // Up to 64 Ki slots: more than the vocabulary of most texts, 2 MiB.
  explicit WordCache(std::size_t text_bytes)
      : slots_(std::bit_ceil(std::clamp<std::size_t>(text_bytes / 8, 16, 1 << 16))) {}

  // Appends the tokens of `word`: those of its last occurrence, or what `encode(word)` appends.
  template <class Encode>
  void append(std::string_view word, std::vector<TokenId>& out, Encode encode) {
    if (word.size() > kWordBytesMax) return encode(word);
    Slot& slot = slots_[std::hash<std::string_view>()(word) & (slots_.size() - 1)];
    if (slot.word == word) {
      for (std::size_t i = 0; i < slot.n_tokens; ++i) {
        const TokenId token = out[slot.first + i];
        out.push_back(token);
      }
      return;
    }
    const std::size_t first = out.size();
    encode(word);
    slot = {word, first, out.size() - first};
  }

 private:
  static constexpr std::size_t kWordBytesMax = 64;  // longer ones hardly ever come again
  struct Slot {
    std::string_view word;
    std::size_t first = 0;
    std::size_t n_tokens = 0;
  };
  std::vector<Slot> slots_;
};

}  // namespace engine::tokenizer
