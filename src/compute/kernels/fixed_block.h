// F16 weights: they become integers of 13 bits and x integers of 14 with one scale per 64 columns,
// whose products an instruction adds up two at a time. Twice as fast as multiplying in f32; the
// error is that of rounding x to f16, half a unit in 4095 of the largest number of 64, or 2e-4 of a
// typical one.
#pragma once

#include "compute/kernels/integer_product.h"
#include "compute/kernels/quantize_panel.h"

namespace compute {

template <class V>
struct FixedFormat {
  static constexpr PackedFormat kFormat = PackedFormat::Fixed;
  static constexpr std::size_t kBlocks = 1;
};

template <class V, std::size_t strips, std::size_t rows, std::size_t width, std::size_t first_row>
struct IntegerBlock<V, FixedFormat<V>, strips, rows, width, first_row> {
  using F32 = typename V::F32;
  static constexpr std::size_t kPanelBytes = fixed_block_bytes(width);

  static COMPUTE_INLINE void add(const std::uint8_t* weights, std::size_t strip_bytes, std::size_t,
                                 const std::uint8_t* block, F32 (&sums)[strips][rows]) {
    typename V::I32 integer[strips][rows];
    unrolled<strips>([&](auto s) __attribute__((always_inline)) {
      unrolled<rows>([&](auto m) __attribute__((always_inline)) { integer[s][m] = V::zero_i32(); });
    });
    const auto* x = reinterpret_cast<const std::int8_t*>(block) + first_row * 2 * kFixedColumns;
    for (std::size_t j = 0; j < kFixedColumns / 2; ++j) {
      typename V::Bytes pairs[strips];
      unrolled<strips>([&](auto s) __attribute__((always_inline)) {
        pairs[s] = V::load_bytes(weights + s * strip_bytes + 64 * (j + 1));
      });
      unrolled<rows>([&](auto m) __attribute__((always_inline)) {
        const auto pair = V::repeat(x + m * 2 * kFixedColumns + 4 * j);
        unrolled<strips>([&](auto s) __attribute__((always_inline)) {
          integer[s][m] = V::dot_i16(integer[s][m], pairs[s], pair);
        });
      });
    }
    const auto* scales = reinterpret_cast<const float*>(block + width * 2 * kFixedColumns);
    unrolled<strips>([&](auto s) __attribute__((always_inline)) {
      const auto scale = V::load(reinterpret_cast<const float*>(weights + s * strip_bytes));
      unrolled<rows>([&](auto m) __attribute__((always_inline)) {
        const auto both = V::mul(scale, V::set(scales[first_row + m]));
        sums[s][m] = V::fma(V::to_f32(integer[s][m]), both, sums[s][m]);
      });
    });
  }
};

// Sixteen numbers as integers. What is not finite becomes one of the limits.
template <class V>
COMPUTE_INLINE void store_fixed(std::int16_t* out, typename V::F32 values, typename V::F32 inverse,
                                float most) {
  const auto limit = V::set(most);
  const auto bounded = V::max(V::min(V::mul(values, inverse), limit), V::set(-most));
  V::store_i16(out, V::round(bounded));
}

template <class V>
void fix_panel(const float* x, std::size_t n_in, std::size_t rows, std::uint8_t* panel) {
  for (std::size_t k = 0; k < n_in; k += kFixedColumns) {
    auto* integers = reinterpret_cast<std::int16_t*>(panel);
    auto* scales = reinterpret_cast<float*>(panel + rows * 2 * kFixedColumns);
    for (std::size_t m = 0; m < rows; ++m) {
      const float* row = x + m * n_in;
      const float largest = largest_magnitude<V>(row, k, k + kFixedColumns, n_in);
      const auto inverse = V::set(largest > 0 ? kFixedMostOfX / largest : 0.0f);
      for (std::size_t i = 0; i < kFixedColumns; i += 16) {
        store_fixed<V>(integers + m * kFixedColumns + i, load_padded<V>(row, k + i, n_in), inverse,
                       kFixedMostOfX);
      }
      scales[m] = largest / kFixedMostOfX;
    }
    panel += fixed_block_bytes(rows);
  }
}

template <class V>
float fix_weights(const std::uint8_t* f16, std::size_t count, std::int16_t* out) {
  alignas(64) std::uint8_t padded[2 * kFixedColumns] = {};
  if (count < kFixedColumns) {
    __builtin_memcpy(padded, f16, 2 * count);
    f16 = padded;
  }
  auto magnitudes = V::zero();
  for (std::size_t i = 0; i < kFixedColumns; i += 16) {
    magnitudes = V::max(magnitudes, V::abs(V::load_f16(f16 + 2 * i)));
  }
  const float largest = V::largest(magnitudes);
  const auto inverse = V::set(largest > 0 ? kFixedMost / largest : 0.0f);
  for (std::size_t i = 0; i < kFixedColumns; i += 16) {
    store_fixed<V>(out + i, V::load_f16(f16 + 2 * i), inverse, kFixedMost);
  }
  return largest / kFixedMost;
}

}  // namespace compute
