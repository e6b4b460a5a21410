// Formats whose nibbles stand for unevenly spaced values.
#include <bit>
#include <cmath>

#include "compute/quant/groups.h"
#include "compute/quant/nibble_values.h"

namespace compute::quant {
namespace {

// The low halves of `n` bytes are the first n elements, the high halves the next.
void look_up(const std::uint8_t* bytes, std::size_t n, const NibbleValues& values, std::int8_t* q) {
  for (std::size_t i = 0; i < n; ++i) {
    q[i] = values[bytes[i] & 15];
    q[i + n] = values[bytes[i] >> 4];
  }
}

// Half of 2^(exponent - 127), because the value table is doubled. Bytes 0 and 1 are denormals.
float half_power_of_two(std::uint8_t exponent) {
  const std::uint32_t bits =
      exponent < 2 ? 0x00200000u << exponent : static_cast<std::uint32_t>(exponent - 1) << 23;
  return std::bit_cast<float>(bits);
}

// Half of an unsigned float with 4 exponent bits (bias 7) and 3 mantissa bits; 0x7f counts as zero.
float half_e4m3(std::uint8_t byte) {
  if (byte == 0x7f) return 0;
  const int exponent = byte >> 3 & 15;
  const auto mantissa = static_cast<float>(byte & 7);
  if (exponent == 0) return std::ldexp(mantissa, -10);
  return std::ldexp(8 + mantissa, exponent - 11);
}

}  // namespace

// One power of two, 16 bytes.
void unpack_mxfp4(const std::uint8_t* block, Groups& groups) {
  const float scale = half_power_of_two(block[0]);
  groups.scale[0] = groups.scale[1] = scale;
  groups.offset[0] = groups.offset[1] = 0;
  look_up(block + 1, 16, kFp4Values, groups.q.data());
}

// Four scales, four groups of 8 bytes.
void unpack_nvfp4(const std::uint8_t* block, Groups& groups) {
  for (std::size_t g = 0; g < 4; ++g) {
    groups.scale[g] = half_e4m3(block[g]);
    groups.offset[g] = 0;
    look_up(block + 4 + 8 * g, 8, kFp4Values, groups.q.data() + 16 * g);
  }
}

void unpack_iq4_nl(const std::uint8_t* block, Groups& groups) {
  groups.scale[0] = groups.scale[1] = read_f16(block);
  groups.offset[0] = groups.offset[1] = 0;
  look_up(block + 2, 16, kIq4Values, groups.q.data());
}

// d, high bit pairs of the 8 scales, their low nibbles in 4 bytes, 8 groups of 16 bytes.
void unpack_iq4_xs(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  const auto high_pairs = read_u16(block + 2);
  for (std::size_t i = 0; i < 8; ++i) {
    const int low = block[4 + i / 2] >> (4 * (i % 2)) & 15;
    const int high = high_pairs >> (2 * i) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    groups.scale[2 * i] = groups.scale[2 * i + 1] = scale;
    groups.offset[2 * i] = groups.offset[2 * i + 1] = 0;
    look_up(block + 8 + 16 * i, 16, kIq4Values, groups.q.data() + 32 * i);
  }
}

}  // namespace compute::quant
