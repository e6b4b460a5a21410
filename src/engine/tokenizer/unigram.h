// SentencePiece unigram: of all ways to spell the normalised text with tokens, the most probable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/charsmap.h"
#include "engine/tokenizer/encoder.h"
#include "engine/tokenizer/trie.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

class Unigram : public Encoder {
 public:
  struct Normalizer {
    CharsMap charsmap;
    bool space_prefix = false;
    bool merge_spaces = false;
  };
  Unigram(const Vocabulary& vocabulary, Normalizer normalizer);

  void encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const override;

 private:
  std::string normalized(std::string_view text) const;

  const Vocabulary& vocabulary_;
  Normalizer normalizer_;
  Trie tokens_;
  Trie user_defined_;
  double unknown_score_;
};

}  // namespace engine::tokenizer
