#include "compute/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "compute/quant/half.h"

namespace compute {
namespace {

constexpr std::size_t kPage = kAttentionPageTokens;
constexpr std::size_t kGroup = kAttentionGroupTokens;

struct F32 {
  using Element = float;
  static float load(float element) { return element; }
  static float store(float value) { return value; }
};
struct F16 {
  using Element = std::uint16_t;
  static float load(std::uint16_t element) { return f32_from_f16(element); }
  static std::uint16_t store(float value) { return f16_from_f32(value); }
};

std::size_t key_place(std::size_t d, std::size_t token, std::size_t i) {
  return (token / kGroup * d + i) * kGroup + token % kGroup;
}

template <class Format>
void store_key(const float* key, std::size_t d, std::size_t token, std::byte* keys) {
  auto* out = reinterpret_cast<typename Format::Element*>(keys);
  for (std::size_t i = 0; i < d; ++i) out[key_place(d, token, i)] = Format::store(key[i]);
}

template <class Format>
void store_value(const float* value, std::size_t d, std::size_t token, std::byte* values) {
  auto* out = reinterpret_cast<typename Format::Element*>(values) + token * d;
  for (std::size_t i = 0; i < d; ++i) out[i] = Format::store(value[i]);
}

template <class Format>
void scores(const float* queries, std::size_t n_queries, std::size_t d, const std::byte* keys,
            float* out) {
  const auto* elements = reinterpret_cast<const typename Format::Element*>(keys);
  for (std::size_t group = 0; group < kPage / kGroup; ++group) {
    for (std::size_t q = 0; q < n_queries; ++q) {
      float sums[kGroup] = {};
      const auto* column = elements + group * d * kGroup;
      for (std::size_t i = 0; i < d; ++i, column += kGroup) {
        const float factor = queries[q * d + i];
        for (std::size_t t = 0; t < kGroup; ++t) sums[t] += factor * Format::load(column[t]);
      }
      std::copy(sums, sums + kGroup, out + q * kPage + group * kGroup);
    }
  }
}

void rescale_rows(const float* rescale, std::size_t n_queries, std::size_t d, float* out) {
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t i = 0; i < d; ++i) out[q * d + i] *= rescale[q];
  }
}

template <class Format>
void weigh(const float* weights, const float* rescale, std::size_t n_queries, std::size_t d,
           const std::byte* values, std::size_t begin, std::size_t end, float* out) {
  const auto* elements = reinterpret_cast<const typename Format::Element*>(values);
  rescale_rows(rescale, n_queries, d, out);
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t t = begin; t < end; ++t) {
      const float factor = weights[q * kPage + t];
      for (std::size_t i = 0; i < d; ++i) {
        out[q * d + i] += factor * Format::load(elements[t * d + i]);
      }
    }
  }
}

// --- Q8: round to 127 steps of the largest element ---

float* scales_of(std::byte* side, std::size_t d) {
  return reinterpret_cast<float*>(side + kPage * d);
}
const float* scales_of(const std::byte* side, std::size_t d) {
  return reinterpret_cast<const float*>(side + kPage * d);
}

float step_of(const float* values, std::size_t d) {
  float largest = 0;
  for (std::size_t i = 0; i < d; ++i) largest = std::max(largest, std::abs(values[i]));
  return largest / 127;
}

std::int8_t rounded(float value, float step) {
  return step > 0 ? static_cast<std::int8_t>(std::lrint(value / step)) : std::int8_t{0};
}

void store_key_q8(const float* key, std::size_t d, std::size_t token, std::byte* keys) {
  const float step = step_of(key, d);
  auto* out = reinterpret_cast<std::int8_t*>(keys);
  for (std::size_t i = 0; i < d; ++i) out[key_place(d, token, i)] = rounded(key[i], step);
  scales_of(keys, d)[token] = step;
}

void store_value_q8(const float* value, std::size_t d, std::size_t token, std::byte* values) {
  const float step = step_of(value, d);
  auto* out = reinterpret_cast<std::int8_t*>(values) + token * d;
  for (std::size_t i = 0; i < d; ++i) out[i] = rounded(value[i], step);
  scales_of(values, d)[token] = step;
}

struct S8 {
  using Element = std::int8_t;
  static float load(std::int8_t element) { return element; }
};

void scores_q8(const float* queries, std::size_t n_queries, std::size_t d, const std::byte* keys,
               float* out) {
  scores<S8>(queries, n_queries, d, keys, out);
  const float* scales = scales_of(keys, d);
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t t = 0; t < kPage; ++t) out[q * kPage + t] *= scales[t];
  }
}

void weigh_q8(const float* weights, const float* rescale, std::size_t n_queries, std::size_t d,
              const std::byte* values, std::size_t begin, std::size_t end, float* out) {
  const float* scales = scales_of(values, d);
  const auto* elements = reinterpret_cast<const std::int8_t*>(values);
  rescale_rows(rescale, n_queries, d, out);
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t t = begin; t < end; ++t) {
      const float factor = weights[q * kPage + t] * scales[t];
      for (std::size_t i = 0; i < d; ++i) {
        out[q * d + i] += factor * static_cast<float>(elements[t * d + i]);
      }
    }
  }
}

constexpr AttentionKernels kF32 = {store_key<F32>, store_value<F32>, scores<F32>, weigh<F32>};
constexpr AttentionKernels kF16 = {store_key<F16>, store_value<F16>, scores<F16>, weigh<F16>};
constexpr AttentionKernels kQ8 = {store_key_q8, store_value_q8, scores_q8, weigh_q8};

}  // namespace

const AttentionKernels& attention_kernels(CacheType type) {
  switch (type) {
    case CacheType::F32: return kF32;
    case CacheType::F16: return kF16;
    case CacheType::Q8: break;
  }
  return kQ8;
}

}  // namespace compute
