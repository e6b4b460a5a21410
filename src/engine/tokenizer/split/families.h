// Patterns that one model family each uses.
#pragma once

#include <cstddef>

#include "engine/tokenizer/split/characters.h"

namespace engine::tokenizer {

// [\p{P}$+<=>^~|]+
std::size_t match_punctuation(const Piece& piece, std::size_t i);
// The same with the backtick: Falcon.
std::size_t match_falcon_punctuation(const Piece& piece, std::size_t i);
// [^\n]+|[\n]+: Gemma 4, Laguna
std::size_t match_line(const Piece& piece, std::size_t i);
//  ?[^(\s|.,!?…。，、।۔،)]+: Bloom, Poro, Viking
std::size_t match_bloom(const Piece& piece, std::size_t i);

// Chameleon's own steps: <sentinel:[0-9]+>, IMGIMG[A-I]{1,4}Z, ([\t\n]|    |  ) and punctuation
// characters one by one.
std::size_t match_chameleon_sentinel(const Piece& piece, std::size_t i);
std::size_t match_chameleon_image(const Piece& piece, std::size_t i);
std::size_t match_chameleon_indent(const Piece& piece, std::size_t i);
std::size_t match_chameleon_punctuation(const Piece& piece, std::size_t i);

// Youtu's scripts: Hangul | wide punctuation | Bopomofo | Han and kana.
std::size_t match_youtu_scripts(const Piece& piece, std::size_t i);

// Kimi K2: Han apart, other words may end in a contraction, then as GPT-4.
std::size_t match_kimi(const Piece& piece, std::size_t i);

}  // namespace engine::tokenizer
