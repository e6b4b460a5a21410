// Remembers the words of a text while it is encoded: most words of a long text occurred before.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/word_key.h"

namespace engine::tokenizer {

// One slot per hash; a word takes the place of another. Only short words of few tokens: a slot is a
// cache line and refers to nothing.
class WordCache {
 public:
  explicit WordCache(std::size_t text_bytes)
      : slots_(std::bit_ceil(std::clamp<std::size_t>(text_bytes / 32, 4, 1 << 15))) {}

  // Appends the tokens of `word` (not empty): those of before, or what `encode(word)` appends.
  template <class Encode>
  void append(std::string_view word, std::vector<TokenId>& out, Encode encode) {
    if (word.size() > WordKey::kBytesMax) return encode(word);
    const WordKey key = key_of(word);
    Slot& slot = slots_[key.hash() & (slots_.size() - 1)];
    if (slot.key == key) {
      out.insert(out.end(), slot.tokens.begin(), slot.tokens.begin() + slot.n_tokens);
      return;
    }
    const std::size_t before = out.size();
    encode(word);
    const std::size_t n = out.size() - before;
    if (n > slot.tokens.size()) return;
    slot.key = key;
    slot.n_tokens = static_cast<std::int32_t>(n);
    std::copy_n(out.end() - static_cast<std::ptrdiff_t>(n), n, slot.tokens.begin());
  }

 private:
  struct Slot {
    WordKey key;
    std::array<TokenId, 7> tokens{};
    std::int32_t n_tokens = 0;
  };
  static_assert(sizeof(Slot) == 64);
  std::vector<Slot> slots_;
};

}  // namespace engine::tokenizer
