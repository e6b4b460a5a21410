#include "engine/tokenizer/split/digits.h"

namespace engine::tokenizer {

std::size_t match_number_character(const Piece& piece, std::size_t i) {
  return i + piece.is(i, kNumber);
}

std::size_t match_number(const Piece& piece, std::size_t i) {
  return piece.skip(i, kNumber);
}

std::size_t match_number_up_to_3(const Piece& piece, std::size_t i) {
  std::size_t end = i;
  while (end < i + 3 && piece.is(end, kNumber)) ++end;
  return end;
}

std::size_t match_3_digits(const Piece& piece, std::size_t i) {
  const bool three = is_ascii_digit(piece.at(i)) && is_ascii_digit(piece.at(i + 1)) &&
                     is_ascii_digit(piece.at(i + 2));
  return three ? i + 3 : i;
}

void cut_before_thousands(const Piece& piece, Cuts& cuts) {
  std::size_t start = piece.begin;
  for (std::size_t i = piece.begin; i < piece.end;) {
    if (!is_ascii_digit(piece.points[i])) {
      ++i;
      continue;
    }
    const std::size_t end = skip_while(piece, i, is_ascii_digit);
    for (std::size_t cut = i + (end - i) % 3; cut < end; cut += 3) {
      if (cut > start) cuts.push_back(cut);
      start = cut;
    }
    i = end;
  }
  cuts.push_back(piece.end);
}

void cut_after_thousands(const Piece& piece, Cuts& cuts) {
  std::size_t last = piece.begin;
  for (std::size_t i = piece.begin; i < piece.end;) {
    const std::size_t end = piece.skip(i, kNumber);
    if (end == i) {
      ++i;
      continue;
    }
    if ((end - i) % 3 != 0) cuts.push_back(last = i + (end - i) % 3);
    for (i += (end - i) % 3; i < end; i += 3) cuts.push_back(last = i + 3);
  }
  if (last < piece.end) cuts.push_back(piece.end);
}

}  // namespace engine::tokenizer
