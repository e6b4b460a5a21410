#include "engine/tokenizer/made_vocabulary.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {

MadeVocabulary::MadeVocabulary(std::string_view model) {
  layout_.set("tokenizer.ggml.model", model);
}

MadeVocabulary& MadeVocabulary::token(std::string_view text, int type, float score) {
  texts_.emplace_back(text);
  types_.push_back(type);
  scores_.push_back(score);
  return *this;
}

MadeVocabulary& MadeVocabulary::tokens(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) token(text);
  return *this;
}

MadeVocabulary& MadeVocabulary::byte_letters() {
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    append_utf8(letter, letter_of(static_cast<std::uint8_t>(byte)));
    token(letter);
  }
  return *this;
}

MadeVocabulary& MadeVocabulary::byte_tokens() {
  for (int byte = 0; byte < 256; ++byte) token(fmt::format("<0x{:02X}>", byte), kByteType);
  return *this;
}

MadeVocabulary& MadeVocabulary::merge(std::string_view left, std::string_view right) {
  merges_.push_back(fmt::format("{} {}", left, right));
  const std::string joined = std::string(left).append(right);
  if (std::ranges::find(texts_, joined) == texts_.end()) token(joined);
  return *this;
}

std::string MadeVocabulary::bytes() {
  layout_.set("tokenizer.ggml.tokens", std::span<const std::string>(texts_));
  layout_.set("tokenizer.ggml.token_type", std::span<const std::int32_t>(types_));
  layout_.set("tokenizer.ggml.scores", std::span<const float>(scores_));
  layout_.set("tokenizer.ggml.merges", std::span<const std::string>(merges_));
  return gguf::to_bytes(layout_, {});
}

}  // namespace engine::tokenizer
