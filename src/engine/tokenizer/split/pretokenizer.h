// The pre-tokenizers by the names that `tokenizer.ggml.pre` gives: which steps cut the text, and
// what else the reference ties to the name.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "engine/tokenizer/split/text.h"

namespace engine::tokenizer {

struct Pretokenizer {
  std::string_view name;
  std::array<Step, 6> steps;  // applied one after the other to every piece; null: no more

  bool whole_words = false;     // a piece that is a token is not merged
  bool clean_spaces = true;     // decoding removes spaces before punctuation
  bool add_bos = false;         // unless the file says otherwise
  bool byte_encoded = true;     // tokens are written in GPT-2's byte alphabet
  bool escape_spaces = false;   // spaces become U+2581 first
  bool whole_newlines = false;  // a run of line breaks that is a token is not merged
  bool always_bos = false;      // even if the file says otherwise
  bool default_bos = true;      // token 11 is BOS when the file names none
};

// Null for a name nobody has.
const Pretokenizer* find_pretokenizer(std::string_view name);
// All of them, for tests.
std::span<const Pretokenizer> all_pretokenizers();

// The ends of the pieces of `text` (in code points). `cuts` and `scratch` are overwritten.
void pretokenize(const Pretokenizer& pretokenizer, const Text& text, Cuts& cuts, Cuts& scratch);

}  // namespace engine::tokenizer
