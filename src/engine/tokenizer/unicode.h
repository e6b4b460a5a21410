// Properties of code points that tokenizers ask for, from ICU, in a compact table built once.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace engine::tokenizer {

// General categories, grouped. Exactly one bit except that Space (the White_Space property) comes
// on top of Control or Separator. Never 0 for a code point, so 0 can mean "no character here".
enum Class : std::uint8_t {
  kLetter = 1,             // L*
  kNumber = 2,             // N*
  kMark = 4,               // M*
  kPunctuation = 8,        // P*
  kSymbol = 16,            // S*
  kSpace = 32,             // White_Space
  kControlCharacter = 64,  // Cc, Cf, Co, Cs
  kOther = 128,            // Z*, unassigned
};

// Immutable; any thread.
class ClassTable {
 public:
  // Built on first use (milliseconds); lives as long as the program.
  static const ClassTable& get();

  std::uint8_t of(char32_t point) const {
    if (point < kAscii) return ascii_[point];
    return point <= 0x10FFFF ? pages_[page_of_[point >> 8] * 256 + (point & 0xFF)]
                             : std::uint8_t{kOther};
  }

 private:
  static constexpr char32_t kAscii = 128;
  ClassTable();

  std::array<std::uint8_t, kAscii> ascii_;
  std::array<std::uint16_t, 0x1100> page_of_;  // block of 256 code points -> page
  std::vector<std::uint8_t> pages_;            // 256 classes each, equal pages stored once
};

// Simple lower case.
char32_t to_lower(char32_t point);
// The first code point of the canonical decomposition: the letter without its accents.
char32_t without_accents(char32_t point);

}  // namespace engine::tokenizer
