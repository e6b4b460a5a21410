// How pre-tokenizers cut numbers.
#pragma once

#include <cstddef>

#include "engine/tokenizer/split/characters.h"

namespace engine::tokenizer {

// \p{N}
std::size_t match_number_character(const Piece& piece, std::size_t i);
// \p{N}+
std::size_t match_number(const Piece& piece, std::size_t i);
// \p{N}{1,3}
std::size_t match_number_up_to_3(const Piece& piece, std::size_t i);
// [0-9][0-9][0-9]
std::size_t match_3_digits(const Piece& piece, std::size_t i);

// (?=(\d{3})+(?!\d)): cuts before every group of three counted from the right.
void cut_before_thousands(const Piece& piece, Cuts& cuts);
// Numbers in groups of three counted from the right. What stands before a number stays with its
// first group, which the steps that follow part again.
void cut_after_thousands(const Piece& piece, Cuts& cuts);

}  // namespace engine::tokenizer
