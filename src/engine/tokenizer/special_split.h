// Cuts text at the special tokens written out in it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/trie.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

// Either a token, or (token == kNoToken) text without one. Text is never empty.
struct Fragment {
  TokenId token = kNoToken;
  std::string_view text;
};

// Immutable; any thread. Refers to the vocabulary, which must outlive it.
class SpecialSplitter {
 public:
  explicit SpecialSplitter(const Vocabulary& vocabulary);

  // Longer tokens first, each from the left, as the reference does. User-defined tokens are always
  // cut out, control and unknown ones only with `parse_special`.
  std::vector<Fragment> split(std::string_view text, bool parse_special) const;

 private:
  struct Set {
    std::vector<TokenId> tokens;     // longest first
    Trie trie;                       // text -> index into tokens
    std::array<bool, 256> starts{};  // bytes that a text starts with
  };
  struct Occurrences {
    std::size_t first = 0;
    std::size_t last = 0;
    bool any = false;
  };
  Set collect(std::uint16_t attributes) const;
  static std::vector<Occurrences> scan(const Set& set, std::string_view text);

  const Vocabulary& vocabulary_;
  Set user_defined_;
  Set all_;
};

}  // namespace engine::tokenizer
