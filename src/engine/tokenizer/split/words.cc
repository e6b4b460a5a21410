#include "engine/tokenizer/split/words.h"

namespace engine::tokenizer {

std::size_t match_gpt2(const Piece& piece, std::size_t i) {
  const char32_t c = piece.points[i];
  if (c == '\'') {
    if (const std::size_t end = skip_lower_contraction(piece, i); end != i) return end;
  }
  const std::size_t start = i + (c == ' ');
  for (const unsigned run : {kLetter, kNumber}) {
    if (piece.is(start, run)) return piece.skip(start, run);
  }
  constexpr unsigned kNot = kSpace | kLetter | kNumber;
  if (piece.is_not(start, kNot)) {
    std::size_t end = start + 1;
    while (piece.is_not(end, kNot)) ++end;
    return end;
  }
  return skip_space(piece, i, false);
}

}  // namespace engine::tokenizer
