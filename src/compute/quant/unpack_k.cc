// The K formats: blocks of 256 whose groups have small integer scales (and minima) that are
// themselves scaled by one f16 per block.
#include "compute/quant/groups.h"
#include "compute/quant/k_scales.h"

namespace compute::quant {
namespace {

void fill_scales_and_mins(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  const float d_min = read_f16(block + 2);
  for (std::size_t g = 0; g < 16; ++g) {
    const auto packed = scale_and_min(block + 4, g / 2);
    groups.scale[g] = d * static_cast<float>(packed.scale);
    groups.offset[g] = d_min * static_cast<float>(packed.min);
  }
}

}  // namespace

// 16 bytes of scale (low nibble) and minimum (high nibble), 64 bytes of 2-bit values, d, dmin.
// Values: each half of 128 has 32 bytes; bits 2j..2j+1 of them are its j-th run of 32.
void unpack_q2_k(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block + 80);
  const float d_min = read_f16(block + 82);
  for (std::size_t g = 0; g < 16; ++g) {
    groups.scale[g] = d * static_cast<float>(block[g] & 15);
    groups.offset[g] = d_min * static_cast<float>(block[g] >> 4);
  }
  for (std::size_t i = 0; i < 256; ++i) {
    const auto byte = block[16 + i / 128 * 32 + i % 32];
    groups.q[i] = static_cast<std::int8_t>(byte >> (i % 128 / 32 * 2) & 3);
  }
}

// 32 bytes of high bits, 64 bytes of 2-bit values as in Q2_K, 12 bytes of 6-bit scales, d.
void unpack_q3_k(const std::uint8_t* block, Groups& groups) {
  const auto* high_bits = block;
  const auto* values = block + 32;
  const auto* scales = block + 96;
  const float d = read_f16(block + 108);
  for (std::size_t g = 0; g < 16; ++g) {
    // Low 4 bits: nibbles of bytes 0..7, low halves first; high 2 bits: bytes 8..11.
    const int low = g < 8 ? scales[g] & 15 : scales[g - 8] >> 4;
    const int high = scales[8 + g % 4] >> (g / 4 * 2) & 3;
    groups.scale[g] = d * static_cast<float>((low | high << 4) - 32);
    groups.offset[g] = 0;
  }
  for (std::size_t i = 0; i < 256; ++i) {
    const int low = values[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    const int high = high_bits[i % 32] >> (i / 32) & 1;
    groups.q[i] = static_cast<std::int8_t>((low | high << 2) - 4);
  }
}

// d, dmin, 12 bytes of scales and minima, 128 bytes of nibbles: each run of 64 has 32 bytes, low
// halves first.
void unpack_q4_k(const std::uint8_t* block, Groups& groups) {
  fill_scales_and_mins(block, groups);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto byte = block[16 + i / 64 * 32 + i % 32];
    groups.q[i] = static_cast<std::int8_t>(byte >> (i % 64 / 32 * 4) & 15);
  }
}

// As Q4_K with 32 bytes of fifth bits before the nibbles: bit j of byte i belongs to element
// 32 j + i.
void unpack_q5_k(const std::uint8_t* block, Groups& groups) {
  fill_scales_and_mins(block, groups);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto byte = block[48 + i / 64 * 32 + i % 32];
    const int high = block[16 + i % 32] >> (i / 32) & 1;
    groups.q[i] = static_cast<std::int8_t>((byte >> (i % 64 / 32 * 4) & 15) | high << 4);
  }
}

// 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, d. In each half of 128:
// 64 bytes of nibbles (low halves are the first 64 elements), 32 bytes of pairs as in Q2_K.
void unpack_q6_k(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block + 208);
  for (std::size_t g = 0; g < 16; ++g) {
    groups.scale[g] = d * static_cast<float>(static_cast<std::int8_t>(block[192 + g]));
    groups.offset[g] = 0;
  }
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t half = i / 128;
    const int low = block[half * 64 + i % 64] >> (i % 128 / 64 * 4) & 15;
    const int high = block[128 + half * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    groups.q[i] = static_cast<std::int8_t>((low | high << 4) - 32);
  }
}

}  // namespace compute::quant
