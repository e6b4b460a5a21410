// Sets of characters that the rules of several model families share.
#pragma once

#include "engine/tokenizer/split/text.h"

namespace engine::tokenizer {

inline bool is_ascii_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
inline bool is_ascii_upper(char32_t c) {
  return c >= 'A' && c <= 'Z';
}
inline bool is_ascii_lower(char32_t c) {
  return c >= 'a' && c <= 'z';
}
inline bool is_ascii_letter(char32_t c) {
  return is_ascii_upper(c) || is_ascii_lower(c);
}
inline bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}
inline bool is_newline(char32_t c) {
  return c == '\r' || c == '\n';
}

struct Range {
  char32_t first;
  char32_t last;
};
// `ranges` ascending.
template <std::size_t n>
bool in_ranges(char32_t c, const Range (&ranges)[n]) {
  for (const Range& range : ranges) {
    if (c <= range.last) return c >= range.first;
  }
  return false;
}

// The end of a run of characters that `set(c)` holds.
template <class Set>
std::size_t skip_while(const Piece& piece, std::size_t i, Set set) {
  while (i < piece.end && set(piece.points[i])) ++i;
  return i;
}

// The end of 's 't 'm 'd 're 've 'll in any case at `i`, or `i`.
std::size_t skip_contraction(const Piece& piece, std::size_t i);
// The same in lower case only.
std::size_t skip_lower_contraction(const Piece& piece, std::size_t i);

// White space at `i`, as \s*[\r\n]+ | \s+(?!\S) | \s+ cut it: up to its last line break when it has
// one (and `newlines`), else all but the last character when something follows, else all of it.
std::size_t skip_space(const Piece& piece, std::size_t i, bool newlines);

}  // namespace engine::tokenizer
