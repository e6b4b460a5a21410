// Functions of whole rows, over a vocabulary V: norms and softmax. Sums run in 16 lanes and are
// added in a fixed order at the end, so that a row has one result.
#pragma once

#include <cstddef>
#include <type_traits>

#include "compute/kernels/elementwise.h"

namespace compute {

template <class V>
COMPUTE_INLINE float sum_of_squares(const float* x, float mean, std::size_t n) {
  auto total = V::zero();
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    auto value = V::sub(load_some<V>(x + i, count), V::set(mean));
    if constexpr (!std::is_same_v<decltype(count), Constant<16>>) {
      float lanes[16] = {};  // the lanes beyond the row hold minus the mean: drop them
      V::store_first(lanes, value, count);
      value = V::load(lanes);
    }
    total = V::fma(value, value, total);
  });
  return V::sum(total);
}

// out = (x - mean) * factor * weight + bias.
template <class V>
COMPUTE_INLINE void scale_row(const float* x, float mean, float factor, const float* weight,
                              const float* bias, float* out, std::size_t n) {
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    auto value = V::mul(V::sub(load_some<V>(x + i, count), V::set(mean)), V::set(factor));
    if (weight != nullptr) value = V::mul(value, load_some<V>(weight + i, count));
    if (bias != nullptr) value = V::add(value, load_some<V>(bias + i, count));
    store_some<V>(out + i, value, count);
  });
}

template <class V>
void rms_norm_row(const float* x, const float* weight, float epsilon, float* out, std::size_t n) {
  const float mean = sum_of_squares<V>(x, 0, n) / static_cast<float>(n);
  scale_row<V>(x, 0, 1 / __builtin_sqrtf(mean + epsilon), weight, nullptr, out, n);
}

template <class V>
void layer_norm_row(const float* x, const float* weight, const float* bias, float epsilon,
                    float* out, std::size_t n) {
  auto total = V::zero();
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    total = V::add(total, load_some<V>(x + i, count));
  });
  const float mean = V::sum(total) / static_cast<float>(n);
  const float variance = sum_of_squares<V>(x, mean, n) / static_cast<float>(n);
  scale_row<V>(x, mean, 1 / __builtin_sqrtf(variance + epsilon), weight, bias, out, n);
}

template <class V>
void l2_norm_row(const float* x, float epsilon, float* out, std::size_t n) {
  const float length = __builtin_sqrtf(sum_of_squares<V>(x, 0, n));
  const float divisor = length > epsilon ? length : epsilon;
  scale_row<V>(x, 0, 1 / divisor, nullptr, nullptr, out, n);
}

template <class V>
void softmax_row(float* x, std::size_t n) {
  auto largest = V::set(-__builtin_inff());
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    if constexpr (std::is_same_v<decltype(count), Constant<16>>) {
      largest = V::max(largest, V::load(x + i));
    } else {
      for (std::size_t j = i; j < n; ++j) largest = V::max(largest, V::set(x[j]));
    }
  });
  const auto shift = V::set(V::largest(largest));
  auto total = V::zero();
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    store_some<V>(x + i, exp<V>(V::sub(load_some<V>(x + i, count), shift)), count);
    total = V::add(total, load_some<V>(x + i, count));  // again: lanes beyond the row become zero
  });
  const auto factor = V::set(1 / V::sum(total));
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    store_some<V>(x + i, V::mul(load_some<V>(x + i, count), factor), count);
  });
}

}  // namespace compute
