#include "compute/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "compute/kernels/table.h"
#include "compute/quant/half.h"

namespace compute {
namespace {

constexpr std::size_t kPage = kAttentionPageTokens;
constexpr std::size_t kGroup = kAttentionGroupTokens;

struct F32 {
  using Element = float;
  static float store(float value) { return value; }
};
struct F16 {
  using Element = std::uint16_t;
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

// --- BF16: pairs ---

void store_key_bf16(const float* key, std::size_t d, std::size_t token, std::byte* keys) {
  const std::size_t n_pairs = (d + 1) / 2;
  auto* out = reinterpret_cast<std::uint16_t*>(keys) + token / kGroup * n_pairs * 2 * kGroup +
              2 * (token % kGroup);
  for (std::size_t i = 0; i < 2 * n_pairs; ++i) {
    out[i / 2 * 2 * kGroup + i % 2] = i < d ? bf16_from_f32(key[i]) : std::uint16_t{0};
  }
}

void store_value_bf16(const float* value, std::size_t d, std::size_t token, std::byte* values) {
  auto* out = reinterpret_cast<std::uint16_t*>(values) + token / 2 * d * 2 + token % 2;
  for (std::size_t i = 0; i < d; ++i) out[2 * i] = bf16_from_f32(value[i]);
}

// --- Q8: round to 127 steps of the largest element ---

float* scales_of(std::byte* side, std::size_t d) {
  return reinterpret_cast<float*>(side + kPage * d);
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

}  // namespace

AttentionKernels attention_kernels(CacheType type, Isa isa) {
  const auto& table = kernels(isa);
  const auto& loops = table.attention[static_cast<std::size_t>(type)];
  switch (type) {
    case CacheType::F32: return {store_key<F32>, store_value<F32>, loops, table.soften_page};
    case CacheType::F16: return {store_key<F16>, store_value<F16>, loops, table.soften_page};
    case CacheType::BF16: return {store_key_bf16, store_value_bf16, loops, table.soften_page};
    case CacheType::Q8: break;
  }
  return {store_key_q8, store_value_q8, loops, table.soften_page};
}

const AttentionKernels& attention_kernels(CacheType type) {
  static const AttentionKernels best[] = {attention_kernels(CacheType::F32, default_isa()),
                                          attention_kernels(CacheType::F16, default_isa()),
                                          attention_kernels(CacheType::Q8, default_isa()),
                                          attention_kernels(CacheType::BF16, default_isa())};
  return best[static_cast<std::size_t>(type)];
}

}  // namespace compute
