// A short word as three integers, to hash and compare without loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace engine::tokenizer {

// Equal for equal words of up to kBytesMax bytes; a longer word has no key. Size 0: no word.
struct WordKey {
  static constexpr std::size_t kBytesMax = 24;

  std::uint64_t first = 0;
  std::uint64_t middle = 0;
  std::uint64_t last = 0;
  std::uint32_t size = 0;

  bool operator==(const WordKey&) const = default;

  std::uint64_t hash() const {
    std::uint64_t h = (first ^ size) * 0x9E3779B97F4A7C15U;
    h = (h ^ (h >> 32) ^ middle) * 0xC2B2AE3D27D4EB4FU;
    h = (h ^ (h >> 29) ^ last) * 0x165667B19E3779F9U;
    return h ^ (h >> 32);
  }
};

// `word` of 1 to kBytesMax bytes. Parts overlap where the word does not fill them; together with
// the size they still say every byte.
inline WordKey key_of(std::string_view word) {
  const char* p = word.data();
  const std::size_t n = word.size();
  const auto load = [](const char* at, auto part) {
    std::memcpy(&part, at, sizeof part);
    return std::uint64_t{part};
  };
  WordKey key;
  key.size = static_cast<std::uint32_t>(n);
  if (n >= 8) {
    key.first = load(p, std::uint64_t{});
    key.last = load(p + n - 8, std::uint64_t{});
    if (n > 16) key.middle = load(p + 8, std::uint64_t{});
  } else if (n >= 4) {
    key.first = load(p, std::uint32_t{}) | load(p + n - 4, std::uint32_t{}) << 32;
  } else {
    key.first = load(p, std::uint8_t{}) | load(p + n / 2, std::uint8_t{}) << 8 |
                load(p + n - 1, std::uint8_t{}) << 16;
  }
  return key;
}

}  // namespace engine::tokenizer
