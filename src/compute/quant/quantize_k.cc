// The inverse of unpack_k.cc for Q4_K, Q5_K and Q6_K. First the best scale (and offset) of every
// group as real numbers, then one f16 factor for all of them, then the small integers that stand
// for the scales, tried one step up and down as well, because rounding a scale changes which is
// best.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "compute/quant/fit.h"
#include "compute/quant/half.h"
#include "compute/quant/quantize_blocks.h"

namespace compute::quant {
namespace {

constexpr std::size_t kElements = 256;

int ratio(float value, float unit, int low, int high) {
  return unit != 0 ? nearest(value / unit, low, high) : 0;
}

struct PackedScale {
  int scale = 0;
  int offset = 0;
};

// The pair of 6-bit integers near the fit with the least error.
PackedScale best_pair(std::span<const float> x, const ScaleAndOffset& fit, float d, float d_min,
                      int q_max) {
  const int scale = ratio(fit.scale, d, 0, 63);
  const int offset = ratio(fit.offset, d_min, 0, 63);
  PackedScale best;
  float best_error = std::numeric_limits<float>::infinity();
  for (int s = std::max(0, scale - 1); s <= std::min(63, scale + 1); ++s) {
    for (int o = std::max(0, offset - 1); o <= std::min(63, offset + 1); ++o) {
      const float error =
          error_of(x, d * static_cast<float>(s), d_min * static_cast<float>(o), 0, q_max);
      if (error < best_error) {
        best_error = error;
        best = {s, o};
      }
    }
  }
  return best;
}

// Into 12 bytes, as scale_and_min in k_scales.h reads them.
void write_pair(const PackedScale& pair, std::size_t index, std::uint8_t* out) {
  const auto put = [&](std::size_t byte, int bits) {
    out[byte] = static_cast<std::uint8_t>(out[byte] | bits);
  };
  if (index < 4) {
    put(index, pair.scale);
    put(index + 4, pair.offset);
    return;
  }
  put(index + 4, (pair.scale & 15) | (pair.offset & 15) << 4);
  put(index - 4, (pair.scale >> 4) << 6);
  put(index, (pair.offset >> 4) << 6);
}

// d, dmin and 12 bytes of scales; returns the integers of all elements.
std::array<int, kElements> write_k_header(std::span<const float> x, int q_max, std::uint8_t* out) {
  std::array<ScaleAndOffset, 8> fits;
  float largest_scale = 0;
  float largest_offset = 0;
  for (std::size_t g = 0; g < fits.size(); ++g) {
    fits[g] = fit_scale_and_offset(x.subspan(32 * g, 32), q_max, true);
    largest_scale = std::max(largest_scale, fits[g].scale);
    largest_offset = std::max(largest_offset, fits[g].offset);
  }
  const float d = write_f16(largest_scale / 63, out);
  const float d_min = write_f16(largest_offset / 63, out + 2);
  std::memset(out + 4, 0, 12);

  std::array<int, kElements> q;
  for (std::size_t g = 0; g < fits.size(); ++g) {
    const auto group = x.subspan(32 * g, 32);
    const auto pair = best_pair(group, fits[g], d, d_min, q_max);
    write_pair(pair, g, out + 4);
    const float scale = d * static_cast<float>(pair.scale);
    const float offset = d_min * static_cast<float>(pair.offset);
    const float inverse = scale != 0 ? 1 / scale : 0;
    for (std::size_t i = 0; i < 32; ++i) {
      q[32 * g + i] = nearest(inverse * (group[i] + offset), 0, q_max);
    }
  }
  return q;
}

// Runs of 64: 32 bytes whose low halves come first.
void write_nibbles_by_64(const std::array<int, kElements>& q, std::uint8_t* out) {
  for (std::size_t i = 0; i < kElements / 2; ++i) {
    const std::size_t low = i / 32 * 64 + i % 32;
    out[i] = static_cast<std::uint8_t>((q[low] & 15) | (q[low + 32] & 15) << 4);
  }
}

}  // namespace

void quantize_q4_k(std::span<const float> x, std::uint8_t* out) {
  write_nibbles_by_64(write_k_header(x, 15, out), out + 16);
}

void quantize_q5_k(std::span<const float> x, std::uint8_t* out) {
  const auto q = write_k_header(x, 31, out);
  std::memset(out + 16, 0, 32);
  for (std::size_t i = 0; i < kElements; ++i) {
    out[16 + i % 32] = static_cast<std::uint8_t>(out[16 + i % 32] | (q[i] >> 4) << (i / 32));
  }
  write_nibbles_by_64(q, out + 48);
}

void quantize_q6_k(std::span<const float> x, std::uint8_t* out) {
  std::array<float, 16> scales;
  float extreme = 0;
  for (std::size_t g = 0; g < scales.size(); ++g) {
    scales[g] = fit_scale(x.subspan(16 * g, 16), 32);
    if (std::fabs(scales[g]) > std::fabs(extreme)) extreme = scales[g];
  }
  const float d = write_f16(extreme / -128, out + 208);

  std::memset(out, 0, 192);
  for (std::size_t g = 0; g < scales.size(); ++g) {
    const auto group = x.subspan(16 * g, 16);
    const int near = ratio(scales[g], d, -128, 127);
    int best = near;
    float best_error = std::numeric_limits<float>::infinity();
    for (int s = std::max(-128, near - 1); s <= std::min(127, near + 1); ++s) {
      const float error = error_of(group, d * static_cast<float>(s), 0, -32, 31);
      if (error < best_error) {
        best_error = error;
        best = s;
      }
    }
    out[192 + g] = static_cast<std::uint8_t>(static_cast<std::int8_t>(best));
    const float scale = d * static_cast<float>(best);
    const float inverse = scale != 0 ? 1 / scale : 0;
    for (std::size_t j = 0; j < group.size(); ++j) {
      const int q = nearest(inverse * group[j], -32, 31) + 32;
      const std::size_t i = 16 * g + j;
      const std::size_t half = i / 128;
      auto& low = out[half * 64 + i % 64];
      auto& high = out[128 + half * 32 + i % 32];
      low = static_cast<std::uint8_t>(low | (q & 15) << (i % 128 / 64 * 4));
      high = static_cast<std::uint8_t>(high | (q >> 4) << (i % 128 / 32 * 2));
    }
  }
}

}  // namespace compute::quant
