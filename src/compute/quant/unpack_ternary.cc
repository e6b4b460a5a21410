// Weights of -1, 0 and 1 with one scale per 256.
#include "compute/quant/groups.h"

namespace compute::quant {
namespace {

void set_scale(Groups& groups, float scale) {
  groups.scale.fill(scale);
  groups.offset.fill(0);
}

// The n-th base-3 digit of a byte that holds a fraction in units of 1/256: multiplying by 3^n moves
// the digit to the top, where multiplying by 3 once more carries it out.
std::int8_t digit(std::uint8_t byte, std::size_t n) {
  constexpr std::array<unsigned, 5> kPowers = {1, 3, 9, 27, 81};
  const auto shifted = static_cast<std::uint8_t>(byte * kPowers[n]);
  return static_cast<std::int8_t>((shifted * 3u >> 8) - 1);
}

}  // namespace

// 48 bytes of five digits, 4 bytes of four, d. The bytes come in runs of 32, 16 and 4; digit n of a
// run is a row of as many elements.
void unpack_tq1_0(const std::uint8_t* block, Groups& groups) {
  set_scale(groups, read_f16(block + 52));
  struct Run {
    std::size_t bytes;
    std::size_t digits;
  };
  std::size_t element = 0;
  for (const auto run : {Run{32, 5}, Run{16, 5}, Run{4, 4}}) {
    for (std::size_t n = 0; n < run.digits; ++n) {
      for (std::size_t i = 0; i < run.bytes; ++i) groups.q[element++] = digit(block[i], n);
    }
    block += run.bytes;
  }
}

// 64 bytes of 2-bit values, d; each run of 128 has 32 bytes, bits 2j of which are its j-th 32.
void unpack_tq2_0(const std::uint8_t* block, Groups& groups) {
  set_scale(groups, read_f16(block + 64));
  for (std::size_t i = 0; i < 256; ++i) {
    const auto byte = block[i / 128 * 32 + i % 32];
    groups.q[i] = static_cast<std::int8_t>((byte >> (i % 128 / 32 * 2) & 3) - 1);
  }
}

}  // namespace compute::quant
