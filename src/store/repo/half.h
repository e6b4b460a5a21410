// Half-precision numbers (IEEE 754 binary16) as stored vectors have them: half the bytes, and for
// vectors of length 1 an error below a thousandth.
#pragma once

#include <bit>
#include <cstdint>

namespace store {

inline std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000;
  const std::int32_t exponent = static_cast<std::int32_t>((bits >> 23) & 0xFF) - 127 + 15;
  std::uint32_t mantissa = bits & 0x7FFFFF;
  if (exponent >= 31) return static_cast<std::uint16_t>(sign | 0x7C00);
  if (exponent <= 0) {
    if (exponent < -10) return static_cast<std::uint16_t>(sign);
    mantissa |= 0x800000;
    const int shift = 14 - exponent;
    const std::uint32_t rounded = (mantissa + (1u << (shift - 1))) >> shift;
    return static_cast<std::uint16_t>(sign | rounded);
  }
  // Rounding up may carry into the exponent, which is right.
  const std::uint32_t half = (static_cast<std::uint32_t>(exponent) << 10) | (mantissa >> 13);
  return static_cast<std::uint16_t>(sign | (half + ((mantissa >> 12) & 1)));
}

inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1F;
  const std::uint32_t mantissa = half & 0x3FF;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000 | (mantissa << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float small = static_cast<float>(mantissa) * 0x1p-24f;
  return sign ? -small : small;
}

}  // namespace store
