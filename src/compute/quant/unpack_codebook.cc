// The IQ1, IQ2 and IQ3 formats: indices into codebooks of 8 or 4 magnitudes, signs, and scales of a
// few bits per group.
#include <bit>

#include "compute/quant/codebooks.h"
#include "compute/quant/groups.h"

namespace compute::quant {
namespace {

std::int8_t with_sign(std::int8_t magnitude, unsigned signs, std::size_t bit) {
  return (signs >> bit & 1) != 0 ? static_cast<std::int8_t>(-magnitude) : magnitude;
}

// Seven stored signs; the eighth makes the number of minus signs even.
unsigned with_parity(unsigned signs) {
  return signs | static_cast<unsigned>(std::popcount(signs) & 1) << 7;
}

// 8 elements of an IQ2 code.
void write_iq2(unsigned code, unsigned signs, std::int8_t* q) {
  for (std::size_t j = 0; j < 8; ++j) {
    q[j] = with_sign(kIq2Values[code >> (2 * j) & 3], signs, j);
  }
}

// 8 elements of an IQ1 code in units of 1/8: value -1, 0, 1 plus a shift of 1/8 up or down.
void write_iq1(unsigned code, bool shift_down, std::int8_t* q) {
  for (std::size_t j = 0; j < 8; ++j) {
    const int value = static_cast<int>(code >> (2 * j) & 3) - 1;
    q[j] = static_cast<std::int8_t>(8 * value + (shift_down ? -1 : 1));
  }
}

// Scales of IQ2 groups count in quarters from an eighth.
float iq2_scale(float d, unsigned steps) {
  return d * (0.5f + static_cast<float>(steps)) * 0.25f;
}

float odd_scale(float d, unsigned steps) {
  return d * static_cast<float>(2 * steps + 1);
}

}  // namespace

// d, then for each 32 elements four index bytes and a word: four 7-bit signs and a 4-bit scale.
void unpack_iq2_xxs(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  groups.offset.fill(0);
  for (std::size_t i = 0; i < 8; ++i) {
    const auto* indices = block + 2 + 8 * i;
    const auto word = read_u32(indices + 4);
    groups.scale[2 * i] = groups.scale[2 * i + 1] = iq2_scale(d, word >> 28);
    for (std::size_t l = 0; l < 4; ++l) {
      write_iq2(kIq2XxsCodes[indices[l]], with_parity(word >> (7 * l) & 127),
                groups.q.data() + 32 * i + 8 * l);
    }
  }
}

// d, 32 words of a 9-bit index and 7 signs, 8 bytes of two 4-bit scales.
void unpack_iq2_xs(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  groups.offset.fill(0);
  for (std::size_t g = 0; g < 16; ++g) {
    groups.scale[g] = iq2_scale(d, block[66 + g / 2] >> (4 * (g % 2)) & 15);
  }
  for (std::size_t l = 0; l < 32; ++l) {
    const unsigned word = read_u16(block + 2 + 2 * l);
    write_iq2(kIq2XsCodes[word & 511], with_parity(word >> 9), groups.q.data() + 8 * l);
  }
}

// d, 32 low index bytes, 32 sign bytes, 8 bytes of high index bits, 8 bytes of scales.
void unpack_iq2_s(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  groups.offset.fill(0);
  for (std::size_t g = 0; g < 16; ++g) {
    groups.scale[g] = iq2_scale(d, block[74 + g / 2] >> (4 * (g % 2)) & 15);
  }
  for (std::size_t l = 0; l < 32; ++l) {
    const unsigned high = block[66 + l / 4] >> (2 * (l % 4)) & 3;
    write_iq2(kIq2SCodes[block[2 + l] | high << 8], block[34 + l], groups.q.data() + 8 * l);
  }
}

// d, 64 index bytes of 4 elements each, then for each 32 a word as in IQ2_XXS.
void unpack_iq3_xxs(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  groups.offset.fill(0);
  for (std::size_t i = 0; i < 8; ++i) {
    const auto word = read_u32(block + 66 + 4 * i);
    const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
    groups.scale[2 * i] = groups.scale[2 * i + 1] = scale;
    for (std::size_t j = 0; j < 32; ++j) {
      const unsigned code = kIq3XxsCodes[block[2 + 8 * i + j / 4]];
      const auto signs = with_parity(word >> (7 * (j / 8)) & 127);
      groups.q[32 * i + j] = with_sign(kIq3XxsValues[code >> (3 * (j % 4)) & 7], signs, j % 8);
    }
  }
}

// d, 64 low index bytes, 8 bytes of ninth index bits, 32 sign bytes, 4 bytes of two 4-bit scales.
void unpack_iq3_s(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  groups.offset.fill(0);
  for (std::size_t g = 0; g < 16; ++g) {
    groups.scale[g] = odd_scale(d, block[106 + g / 4] >> (4 * (g / 2 % 2)) & 15);
  }
  for (std::size_t i = 0; i < 256; ++i) {
    const unsigned high = block[66 + i / 32] >> (i / 4 % 8) & 1;
    const unsigned code = kIq3SCodes[block[2 + i / 4] | high << 8];
    const auto magnitude = static_cast<std::int8_t>(2 * (code >> (3 * (i % 4)) & 7) + 1);
    groups.q[i] = with_sign(magnitude, block[74 + i / 8], i % 8);
  }
}

// d, 32 low index bytes, 8 words: four times 3 high index bits, a 3-bit scale, the shift's sign.
void unpack_iq1_s(const std::uint8_t* block, Groups& groups) {
  const float d = read_f16(block);
  groups.offset.fill(0);
  for (std::size_t i = 0; i < 8; ++i) {
    const unsigned word = read_u16(block + 34 + 2 * i);
    groups.scale[2 * i] = groups.scale[2 * i + 1] = odd_scale(d, word >> 12 & 7) * 0.125f;
    for (std::size_t l = 0; l < 4; ++l) {
      const unsigned high = word >> (3 * l) & 7;
      write_iq1(kIq1Codes[block[2 + 4 * i + l] | high << 8], (word & 0x8000) != 0,
                groups.q.data() + 32 * i + 8 * l);
    }
  }
}

// 32 low index bytes, 16 bytes with a nibble for each 8 elements (3 high index bits and the shift's
// sign), 4 words of four 3-bit scales whose top nibbles together are d.
void unpack_iq1_m(const std::uint8_t* block, Groups& groups) {
  std::array<unsigned, 4> words;
  for (std::size_t i = 0; i < 4; ++i) words[i] = read_u16(block + 48 + 2 * i);
  const unsigned d_bits =
      words[0] >> 12 | (words[1] >> 12) << 4 | (words[2] >> 12) << 8 | (words[3] >> 12) << 12;
  const float d = f32_from_f16(static_cast<std::uint16_t>(d_bits));
  groups.offset.fill(0);
  for (std::size_t g = 0; g < 16; ++g) {
    groups.scale[g] = odd_scale(d, words[g / 4] >> (3 * (g % 4)) & 7) * 0.125f;
  }
  for (std::size_t l = 0; l < 32; ++l) {
    const unsigned nibble = block[32 + l / 2] >> (4 * (l % 2)) & 15;
    write_iq1(kIq1Codes[block[l] | (nibble & 7) << 8], (nibble & 8) != 0, groups.q.data() + 8 * l);
  }
}

}  // namespace compute::quant
