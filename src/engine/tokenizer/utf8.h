// UTF-8 as tokenizers read it: any bytes become code points, nothing is refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace engine::tokenizer {

inline constexpr char32_t kReplacement = 0xFFFD;

struct DecodedPoint {
  char32_t point = kReplacement;
  std::size_t size = 1;  // bytes consumed
  bool valid = false;
};

// The code point at `text[offset]` (offset < size). Lenient as the reference is: overlong forms and
// surrogates count as what they spell; what is no sequence at all, or lies beyond U+10FFFF, is not
// valid and becomes one U+FFFD for its first byte.
DecodedPoint decode_point(std::string_view text, std::size_t offset);

// Up to U+10FFFF; surrogates take the three bytes that their number takes.
void append_utf8(std::string& out, char32_t point);
inline std::size_t utf8_size(char32_t point) {
  return 1 + (point >= 0x80) + (point >= 0x800) + (point >= 0x10000);
}

// How long a character starting with this byte claims to be; 1 for continuation bytes.
inline std::size_t claimed_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0xC0) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

// U+2581, which SentencePiece vocabularies write for a space.
inline constexpr std::string_view kEscapedSpace = "\xE2\x96\x81";

std::string escape_spaces(std::string_view text);    // " " -> U+2581
std::string unescape_spaces(std::string_view text);  // U+2581 -> " "

}  // namespace engine::tokenizer
