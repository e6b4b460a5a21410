#include "engine/tokenizer/byte_alphabet.h"

#include <array>

#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {
namespace {

constexpr bool prints(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
}

constexpr std::array<char32_t, 256> kLetters = [] {
  std::array<char32_t, 256> letters{};
  char32_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    letters[static_cast<std::size_t>(byte)] = prints(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return letters;
}();

constexpr std::size_t kLettersEnd = 256 + 68;  // 68 bytes do not print

constexpr std::array<std::int16_t, kLettersEnd> kBytes = [] {
  std::array<std::int16_t, kLettersEnd> bytes{};
  bytes.fill(-1);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    bytes[kLetters[byte]] = static_cast<std::int16_t>(byte);
  }
  return bytes;
}();

}  // namespace

char32_t letter_of(std::uint8_t byte) {
  return kLetters[byte];
}

std::optional<std::uint8_t> byte_of(char32_t letter) {
  if (letter >= kBytes.size() || kBytes[letter] < 0) return std::nullopt;
  return static_cast<std::uint8_t>(kBytes[letter]);
}

std::optional<std::string> decode_letters(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const DecodedPoint decoded = decode_point(text, i);
    const auto byte = decoded.valid ? byte_of(decoded.point) : std::nullopt;
    if (!byte) return std::nullopt;
    out.push_back(static_cast<char>(*byte));
    i += decoded.size;
  }
  return out;
}

}  // namespace engine::tokenizer
