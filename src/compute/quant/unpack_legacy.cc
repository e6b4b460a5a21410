// The simple block formats: one f16 scale, sometimes an f16 minimum, and packed integers.
#include "compute/quant/groups.h"

namespace compute::quant {
namespace {

void fill(Groups& groups, std::size_t n_groups, float scale, float offset) {
  for (std::size_t g = 0; g < n_groups; ++g) {
    groups.scale[g] = scale;
    groups.offset[g] = offset;
  }
}

// 32 nibbles in 16 bytes: the low halves are elements 0..15, the high halves 16..31.
void nibbles(const std::uint8_t* bytes, int bias, Groups& groups) {
  for (std::size_t i = 0; i < 16; ++i) {
    groups.q[i] = static_cast<std::int8_t>((bytes[i] & 15) - bias);
    groups.q[i + 16] = static_cast<std::int8_t>((bytes[i] >> 4) - bias);
  }
}

// The same with a fifth bit for each element in a 32-bit word.
void nibbles_and_bits(const std::uint8_t* bytes, std::uint32_t bits, int bias, Groups& groups) {
  for (std::size_t i = 0; i < 16; ++i) {
    const int low = (bytes[i] & 15) | ((bits >> i & 1) << 4);
    const int high = (bytes[i] >> 4) | ((bits >> (i + 16) & 1) << 4);
    groups.q[i] = static_cast<std::int8_t>(low - bias);
    groups.q[i + 16] = static_cast<std::int8_t>(high - bias);
  }
}

}  // namespace

// 128 signs.
void unpack_q1_0(const std::uint8_t* block, Groups& groups) {
  fill(groups, 8, read_f16(block), 0);
  for (std::size_t i = 0; i < 128; ++i) {
    groups.q[i] = (block[2 + i / 8] >> (i % 8) & 1) != 0 ? 1 : -1;
  }
}

// 64 values in -1..2.
void unpack_q2_0(const std::uint8_t* block, Groups& groups) {
  fill(groups, 4, read_f16(block), 0);
  for (std::size_t i = 0; i < 64; ++i) {
    groups.q[i] = static_cast<std::int8_t>((block[2 + i / 4] >> (2 * (i % 4)) & 3) - 1);
  }
}

void unpack_q4_0(const std::uint8_t* block, Groups& groups) {
  fill(groups, 2, read_f16(block), 0);
  nibbles(block + 2, 8, groups);
}

void unpack_q4_1(const std::uint8_t* block, Groups& groups) {
  fill(groups, 2, read_f16(block), -read_f16(block + 2));
  nibbles(block + 4, 0, groups);
}

void unpack_q5_0(const std::uint8_t* block, Groups& groups) {
  fill(groups, 2, read_f16(block), 0);
  nibbles_and_bits(block + 6, read_u32(block + 2), 16, groups);
}

void unpack_q5_1(const std::uint8_t* block, Groups& groups) {
  fill(groups, 2, read_f16(block), -read_f16(block + 2));
  nibbles_and_bits(block + 8, read_u32(block + 4), 0, groups);
}

void unpack_q8_0(const std::uint8_t* block, Groups& groups) {
  fill(groups, 2, read_f16(block), 0);
  std::memcpy(groups.q.data(), block + 2, 32);
}

}  // namespace compute::quant
