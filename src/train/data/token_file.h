// Documents as tokens on disk and in memory: NAME.tokens holds 16-bit words, the token in the low
// 15 bits and the highest bit set where a token is learned from only lightly; NAME.lengths holds
// the 32-bit length of each document.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/data/document.h"
#include "train/text/vocabulary.h"

namespace train {

inline constexpr std::uint16_t kLightBit = 0x8000;
inline constexpr int kDocumentTokensMax = 1024;  // longer ones are cut

struct TokenSet {
  std::vector<std::uint16_t> words;
  std::vector<std::uint32_t> lengths;

  std::span<const std::uint16_t> document(std::size_t index) const;
  void add(std::span<const std::uint16_t> document);

  Status save(const std::filesystem::path& folder, const std::string& name) const;
  static Result<TokenSet> load(const std::filesystem::path& folder, const std::string& name);

 private:
  std::vector<std::size_t> starts_;  // of the documents, in words
};

// Plain text ends in <|endoftext|>; conversations take ChatML's form. Long text gives several.
void add_document(const Document& document, Vocabulary& vocabulary, TokenSet& to);

}  // namespace train
