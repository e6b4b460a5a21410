// The inverse of unpack_legacy.cc.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "compute/quant/fit.h"
#include "compute/quant/half.h"
#include "compute/quant/quantize_blocks.h"

namespace compute::quant {
namespace {

using Integers = std::array<int, 32>;

Integers integers(std::span<const float> x, float scale, float offset, int low, int high) {
  const float inverse = scale != 0 ? 1 / scale : 0;
  Integers q;
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = nearest(inverse * (x[i] + offset), low, high);
  return q;
}

void write_nibbles(const Integers& q, std::uint8_t* out) {
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = static_cast<std::uint8_t>((q[i] & 15) | (q[i + 16] & 15) << 4);
  }
}

void write_fifth_bits(const Integers& q, std::uint8_t* out) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < q.size(); ++i) bits |= static_cast<std::uint32_t>(q[i] >> 4 & 1) << i;
  std::memcpy(out, &bits, sizeof bits);
}

// Scale, integers in [-n, n - 1] shifted up to [0, 2n).
Integers write_symmetric(std::span<const float> x, int n, std::uint8_t* out) {
  const float scale = write_f16(fit_scale(x, n), out);
  auto q = integers(x, scale, 0, -n, n - 1);
  for (auto& integer : q) integer += n;
  return q;
}

// Scale, minimum, integers in [0, q_max].
Integers write_with_minimum(std::span<const float> x, int q_max, std::uint8_t* out) {
  const auto fit = fit_scale_and_offset(x, q_max, false);
  const float scale = write_f16(fit.scale, out);
  const float minimum = write_f16(-fit.offset, out + 2);
  return integers(x, scale, -minimum, 0, q_max);
}

}  // namespace

void quantize_q4_0(std::span<const float> x, std::uint8_t* out) {
  write_nibbles(write_symmetric(x, 8, out), out + 2);
}

void quantize_q4_1(std::span<const float> x, std::uint8_t* out) {
  write_nibbles(write_with_minimum(x, 15, out), out + 4);
}

void quantize_q5_0(std::span<const float> x, std::uint8_t* out) {
  const auto q = write_symmetric(x, 16, out);
  write_fifth_bits(q, out + 2);
  write_nibbles(q, out + 6);
}

void quantize_q5_1(std::span<const float> x, std::uint8_t* out) {
  const auto q = write_with_minimum(x, 31, out);
  write_fifth_bits(q, out + 4);
  write_nibbles(q, out + 8);
}

// The largest magnitude becomes 127; with 8 bits a search gains nothing.
void quantize_q8_0(std::span<const float> x, std::uint8_t* out) {
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::fabs(value));
  const float scale = write_f16(largest / 127, out);
  const auto q = integers(x, scale, 0, -127, 127);
  for (std::size_t i = 0; i < q.size(); ++i) {
    out[2 + i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(q[i]));
  }
}

}  // namespace compute::quant
