// The words that are one token each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/tokenizer/vocabulary.h"
#include "engine/tokenizer/word_key.h"

namespace engine::tokenizer {

// A hash table of short words, one cache line a look-up; longer words in a map. Build first, then
// read from any thread.
class WordTable {
 public:
  explicit WordTable(std::size_t n_words_max)
      : slots_(std::bit_ceil(std::max<std::size_t>(16, n_words_max * 2))) {}

  // The first token given for a word stays.
  void add(std::string_view word, TokenId token) {
    if (word.empty()) return;
    if (word.size() > WordKey::kBytesMax) {
      long_words_.emplace(word, token);
      return;
    }
    const WordKey key = key_of(word);
    Slot& slot = slots_[index_of(key)];
    if (slot.token == kNoToken) slot = {key, token};
  }

  // kNoToken when the word is not one token.
  TokenId find(std::string_view word) const {
    if (word.size() <= WordKey::kBytesMax) return slots_[index_of(key_of(word))].token;
    if (long_words_.empty()) return kNoToken;
    const auto found = long_words_.find(std::string(word));
    return found == long_words_.end() ? kNoToken : found->second;
  }

 private:
  struct Slot {
    WordKey key;
    TokenId token = kNoToken;
  };

  // The slot of the word, or the free one where it would go. At most half of them are taken.
  std::size_t index_of(const WordKey& key) const {
    std::size_t index = key.hash() & (slots_.size() - 1);
    while (slots_[index].token != kNoToken && slots_[index].key != key) {
      index = (index + 1) & (slots_.size() - 1);
    }
    return index;
  }

  std::vector<Slot> slots_;
  std::unordered_map<std::string, TokenId> long_words_;
};

}  // namespace engine::tokenizer
