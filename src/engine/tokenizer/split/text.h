// Text as pre-tokenizers see it: code points with their classes, cut into pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/unicode.h"

namespace engine::tokenizer {

// Owns the code points; refers to `bytes` of the caller unless they had to be repaired.
class Text {
 public:
  // Bytes that are no UTF-8 become U+FFFD one by one, overlong forms what they spell.
  explicit Text(std::string_view bytes);
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  std::size_t size() const { return size_; }
  const char32_t* points() const { return points_.get(); }
  const std::uint8_t* classes() const { return classes_.get(); }
  // The text in UTF-8, exactly what the code points spell.
  std::string_view bytes() const { return bytes_; }
  bool is_ascii() const { return bytes_.size() == size_; }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<char32_t[]> points_;  // room for one per byte
  std::unique_ptr<std::uint8_t[]> classes_;
  std::string repaired_;
  std::string_view bytes_;
};

// A stretch of a Text. Positions are those of the whole text, but nothing outside the stretch can
// be seen: pieces cut by one rule are whole texts to the next.
struct Piece {
  static constexpr char32_t kOutside = 0xFFFFFFFF;

  const char32_t* points;
  const std::uint8_t* classes;
  std::size_t begin;
  std::size_t end;

  char32_t at(std::size_t i) const { return i < end ? points[i] : kOutside; }
  // Any of the classes; false outside.
  bool is(std::size_t i, unsigned set) const { return i < end && (classes[i] & set) != 0; }
  // Inside, and none of the classes.
  bool is_not(std::size_t i, unsigned set) const { return i < end && (classes[i] & set) == 0; }
  // The first position from `i` on that is not of the classes.
  std::size_t skip(std::size_t i, unsigned set) const {
    while (i < end && (classes[i] & set) != 0) ++i;
    return i;
  }
};

// Where pieces end, ascending, the last at the end of the text.
using Cuts = std::vector<std::size_t>;

// One step of a pre-tokenizer: appends the ends of the parts of `piece`, the last being piece.end.
using Step = void (*)(const Piece& piece, Cuts& cuts);

// The step that makes a piece of its own of everything `match` finds, and of everything between.
// `match(piece, i)` returns where the match that starts at `i` ends, or `i` when there is none.
template <auto match>
void isolate(const Piece& piece, Cuts& cuts) {
  std::size_t start = piece.begin;
  for (std::size_t i = piece.begin; i < piece.end;) {
    const std::size_t end = match(piece, i);
    if (end == i) {
      ++i;
      continue;
    }
    if (i > start) cuts.push_back(i);
    cuts.push_back(end);
    start = i = end;
  }
  if (start < piece.end) cuts.push_back(piece.end);
}

}  // namespace engine::tokenizer
