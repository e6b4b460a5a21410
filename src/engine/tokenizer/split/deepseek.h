// The patterns of the DeepSeek models and of those that took them over.
#pragma once

#include <cstddef>

#include "engine/tokenizer/split/characters.h"

namespace engine::tokenizer {

// [\r\n]
std::size_t match_newline(const Piece& piece, std::size_t i);
// \s?\p{L}+
std::size_t match_spaced_letters(const Piece& piece, std::size_t i);
// \s?\p{P}+
std::size_t match_spaced_punctuation(const Piece& piece, std::size_t i);
// \s?[A-Za-z and the other cased alphabets]+
std::size_t match_spaced_alphabet(const Piece& piece, std::size_t i);
// \s?[!-/:-~ and their wide forms]+
std::size_t match_spaced_marks(const Piece& piece, std::size_t i);
// \s+$
void isolate_space_at_end(const Piece& piece, Cuts& cuts);
// Runs of Han, Hangul and most other scripts from U+0800 on.
std::size_t match_scripts(const Piece& piece, std::size_t i);
// Runs of Han, Hiragana and Katakana.
std::size_t match_han_and_kana(const Piece& piece, std::size_t i);
// Runs of East and South-East Asian scripts.
std::size_t match_asian_scripts(const Piece& piece, std::size_t i);
// DeepSeek-V3's main pattern:
//   [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
//   |\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t match_deepseek_v3(const Piece& piece, std::size_t i);

}  // namespace engine::tokenizer
