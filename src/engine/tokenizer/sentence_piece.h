// SentencePiece byte-pair encoding: the whole text is one word, pairs merge by their token's score,
// characters that no token has become bytes.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/tokenizer/encoder.h"
#include "engine/tokenizer/merge_encoder.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

class SentencePiece : public Encoder {
 public:
  // `space_prefix`: a space is put before text at a start.
  SentencePiece(const Vocabulary& vocabulary, bool space_prefix);

  void encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const override;

 private:
  bool space_prefix_;
  MergeEncoder merger_;
};

}  // namespace engine::tokenizer
