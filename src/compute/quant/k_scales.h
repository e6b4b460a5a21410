// The packed scales of Q4_K and Q5_K blocks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace compute::quant {

struct ScaleAndMin {
  std::uint8_t scale;
  std::uint8_t min;
};

// Eight 6-bit scales and eight 6-bit minima in 12 bytes. The first four of each are the low 6 bits
// of bytes 0..7; the last four have their low 4 bits in bytes 8..11 and their high 2 bits on top of
// bytes 0..7.
inline ScaleAndMin scale_and_min(const std::uint8_t* packed, std::size_t index) {
  const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
  if (index < 4) return {byte(packed[index] & 63), byte(packed[index + 4] & 63)};
  return {byte((packed[index + 4] & 15) | (packed[index - 4] >> 6) << 4),
          byte((packed[index + 4] >> 4) | (packed[index] >> 6) << 4)};
}

}  // namespace compute::quant
