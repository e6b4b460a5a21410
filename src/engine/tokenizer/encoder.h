// The seam between a tokenizer and its four ways of turning text into tokens.
#pragma once

#include <string_view>
#include <vector>

#include "engine/token.h"

namespace engine::tokenizer {

// Immutable; any thread. Refers to the vocabulary it was made for, which outlives it.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // Appends the tokens of `text` (not empty, any bytes, no special tokens in it). `at_start`: at
  // the start of the input or behind a special token.
  virtual void encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const = 0;
};

}  // namespace engine::tokenizer
