#include "engine/tokenizer/split/characters.h"

namespace engine::tokenizer {
namespace {

std::size_t contraction(const Piece& piece, std::size_t i, char32_t case_bit) {
  if (piece.at(i) != '\'') return i;
  const char32_t one = piece.at(i + 1) | case_bit;
  const char32_t two = piece.at(i + 2) | case_bit;
  if (one == 's' || one == 't' || one == 'm' || one == 'd') return i + 2;
  const bool three =
      (one == 'r' && two == 'e') || (one == 'v' && two == 'e') || (one == 'l' && two == 'l');
  return three ? i + 3 : i;
}

}  // namespace

// Setting bit 5 maps only A-Z and a-z onto a-z.
std::size_t skip_contraction(const Piece& piece, std::size_t i) {
  return contraction(piece, i, 0x20);
}
std::size_t skip_lower_contraction(const Piece& piece, std::size_t i) {
  return contraction(piece, i, 0);
}

std::size_t skip_space(const Piece& piece, std::size_t i, bool newlines) {
  const std::size_t end = piece.skip(i, kSpace);
  if (newlines) {
    for (std::size_t last = end; last > i; --last) {
      if (is_newline(piece.points[last - 1])) return last;
    }
  }
  return end < piece.end && end > i + 1 ? end - 1 : end;
}

}  // namespace engine::tokenizer
