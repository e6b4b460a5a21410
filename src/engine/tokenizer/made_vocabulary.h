// Small vocabularies made in memory, for tests and fuzzers.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "compute/gguf/writer.h"

namespace engine::tokenizer {

// Collects tokens and settings, then becomes the bytes of a GGUF file.
class MadeVocabulary {
 public:
  // `model` as in tokenizer.ggml.model. The keys of the layout can be set freely.
  explicit MadeVocabulary(std::string_view model);

  static constexpr int kNormalType = 1;
  static constexpr int kUnknownType = 2;
  static constexpr int kControlType = 3;
  static constexpr int kUserDefinedType = 4;
  static constexpr int kByteType = 6;

  MadeVocabulary& token(std::string_view text, int type = kNormalType, float score = 0);
  MadeVocabulary& tokens(std::initializer_list<std::string_view> texts);
  // One token per byte in GPT-2's alphabet, or <0x00> to <0xFF>.
  MadeVocabulary& byte_letters();
  MadeVocabulary& byte_tokens();
  // "left right"; the joined text becomes a token if it is none.
  MadeVocabulary& merge(std::string_view left, std::string_view right);

  gguf::Layout& layout() { return layout_; }
  std::string bytes();

 private:
  gguf::Layout layout_;
  std::vector<std::string> texts_;
  std::vector<std::int32_t> types_;
  std::vector<float> scores_;
  std::vector<std::string> merges_;
};

}  // namespace engine::tokenizer
