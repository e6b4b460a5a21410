// WordPiece as BERT uses it: normalise, cut into words at white space and punctuation, take the
// longest tokens from the left of each word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/encoder.h"
#include "engine/tokenizer/trie.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

class WordPiece : public Encoder {
 public:
  struct Normalizer {
    bool lowercase = true;
    bool strip_accents = true;
  };
  WordPiece(const Vocabulary& vocabulary, Normalizer normalizer);

  void encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const override;

  // What is looked up in the vocabulary: normalised words and single marks.
  static std::vector<std::string> words_of(std::string_view text, Normalizer normalizer);

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& out) const;

  Normalizer normalizer_;
  TokenId unknown_;
  Trie tokens_;
};

}  // namespace engine::tokenizer
