// Code points as bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace engine::grammar {

// Writes the bytes of a code point and returns how many there are.
inline std::size_t encode(std::uint32_t point, std::array<std::uint8_t, 4>& out) {
  if (point < 0x80) return out[0] = static_cast<std::uint8_t>(point), 1;
  const std::size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (std::size_t i = length - 1; i > 0; --i, point >>= 6) {
    out[i] = static_cast<std::uint8_t>(0x80 | (point & 0x3F));
  }
  constexpr std::uint8_t kLead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out[0] = static_cast<std::uint8_t>(kLead[length] | point);
  return length;
}

}  // namespace engine::grammar
