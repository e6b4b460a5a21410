// Rounding activations to 8 bits, one scale per 32 or 256 values: the largest magnitude becomes
// 127. And to bf16.
#pragma once

#include "compute/kernels/inline.h"
#include "compute/kernels/packed_format.h"

namespace compute {

template <class V>
COMPUTE_INLINE void quantize_block(typename V::F32 low, typename V::F32 high, float largest,
                                   std::int8_t* integers, ActivationBlock& block) {
  const auto inverse = V::set(largest > 0 ? 127.0f / largest : 0.0f);
  const auto limit = V::set(127.0f);
  const auto minus_limit = V::set(-127.0f);
  // The limits matter only for values that are not finite.
  const auto low_integers = V::round(V::max(minus_limit, V::min(limit, V::mul(low, inverse))));
  const auto high_integers = V::round(V::max(minus_limit, V::min(limit, V::mul(high, inverse))));
  V::store_i8(integers, low_integers);
  V::store_i8(integers + 16, high_integers);
  block.scale = largest / 127.0f;
  block.negative_low = -V::sum_i32(low_integers);
  block.negative_high = -V::sum_i32(high_integers);
  block.negative_sum = block.negative_low + block.negative_high;
}

template <class V>
COMPUTE_INLINE typename V::F32 load_padded(const float* row, std::size_t k, std::size_t n_in) {
  if (k + 16 <= n_in) return V::load(row + k);
  return k < n_in ? V::load_first(row + k, n_in - k) : V::zero();
}

// Of columns [k, end), those that there are.
template <class V>
COMPUTE_INLINE float largest_magnitude(const float* row, std::size_t k, std::size_t end,
                                       std::size_t n_in) {
  auto largest = V::zero();
  for (std::size_t i = k; i < end && i < n_in; i += 16) {
    largest = V::max(largest, V::abs(load_padded<V>(row, i, n_in)));
  }
  return V::largest(largest);
}

template <class V, std::size_t scale_blocks>
void quantize_panel(const float* x, std::size_t n_in, std::size_t rows, std::uint8_t* panel) {
  constexpr std::size_t kSpan = scale_blocks * kBlock;
  const std::size_t block_bytes = rows * (kBlock + sizeof(ActivationBlock));
  for (std::size_t m = 0; m < rows; ++m) {
    const float* row = x + m * n_in;
    auto* block = panel;
    float largest = 0;
    for (std::size_t k = 0; k < round_up(n_in, 64); k += kBlock) {
      if (k % kSpan == 0) largest = largest_magnitude<V>(row, k, k + kSpan, n_in);
      quantize_block<V>(load_padded<V>(row, k, n_in), load_padded<V>(row, k + 16, n_in), largest,
                        reinterpret_cast<std::int8_t*>(block) + m * kBlock,
                        reinterpret_cast<ActivationBlock*>(block + rows * kBlock)[m]);
      block += block_bytes;
    }
  }
}

template <class V>
void round_panel_bf16(const float* x, std::size_t n_in, std::size_t rows, std::uint8_t* panel) {
  for (std::size_t m = 0; m < rows; ++m) {
    for (std::size_t k = 0; k < n_in; k += 16) {
      alignas(32) std::uint8_t pairs[8][4];
      V::store_bf16(pairs, load_padded<V>(x + m * n_in, k, n_in));
      for (std::size_t i = 0; i < 8 && k + 2 * i < n_in; ++i) {
        __builtin_memcpy(panel + ((k / 2 + i) * rows + m) * 4, pairs[i], 4);
      }
    }
  }
}

}  // namespace compute
