// Byte-pair encoding as GPT-2 does it: cut the text into pieces, merge within each by rank.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "engine/tokenizer/encoder.h"
#include "engine/tokenizer/merge_encoder.h"
#include "engine/tokenizer/split/pretokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

class BytePair : public Encoder {
 public:
  static Result<std::unique_ptr<BytePair>> load(const gguf::File& file,
                                                const Vocabulary& vocabulary,
                                                const Pretokenizer& pretokenizer);

  void encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const override;

 private:
  BytePair(const Vocabulary& vocabulary, const Pretokenizer& pretokenizer, MergeEncoder merger);

  const Vocabulary& vocabulary_;
  const Pretokenizer& pretokenizer_;
  MergeEncoder merger_;
};

}  // namespace engine::tokenizer
