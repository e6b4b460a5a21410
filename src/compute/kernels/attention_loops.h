// The loops of attention over a page, over a vocabulary V of 16-lane vectors. Every score is one
// chain of fused multiply-adds over the head's elements in order, every result one chain over the
// tokens in order, so neither depends on how queries are grouped.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "compute/kernels/attention.h"
#include "compute/kernels/inline.h"

namespace compute {

inline constexpr std::size_t kAttentionGroups = kAttentionPageTokens / kAttentionGroupTokens;

// How elements are stored, and whether each token has a scale.
template <class V>
struct CachedF32 {
  static constexpr std::size_t kBytes = 4;
  static constexpr bool kScaled = false;
  static COMPUTE_INLINE auto load(const std::byte* p) {
    return V::load(reinterpret_cast<const float*>(p));
  }
};
template <class V>
struct CachedF16 {
  static constexpr std::size_t kBytes = 2;
  static constexpr bool kScaled = false;
  static COMPUTE_INLINE auto load(const std::byte* p) { return V::load_f16(p); }
};
template <class V>
struct CachedQ8 {
  static constexpr std::size_t kBytes = 1;
  static constexpr bool kScaled = true;
  static COMPUTE_INLINE auto load(const std::byte* p) { return V::load_i8(p); }
};

template <class Cached>
COMPUTE_INLINE const float* token_scales(const std::byte* side, std::size_t d) {
  return reinterpret_cast<const float*>(side + kAttentionPageTokens * d * Cached::kBytes);
}

template <class V, class Cached, std::size_t queries>
COMPUTE_INLINE void score_group(const float* query, std::size_t d, const std::byte* keys,
                                std::size_t group, float* out) {
  typename V::F32 sums[queries];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) { sums[q] = V::zero(); });
  const auto* key = keys + group * d * kAttentionGroupTokens * Cached::kBytes;
  for (std::size_t i = 0; i < d; ++i) {
    const auto column = Cached::load(key);
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      sums[q] = V::fma(column, V::set(query[q * d + i]), sums[q]);
    });
    key += kAttentionGroupTokens * Cached::kBytes;
  }
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    if constexpr (Cached::kScaled) {
      const float* scales = token_scales<Cached>(keys, d) + group * kAttentionGroupTokens;
      sums[q] = V::mul(sums[q], V::load(scales));
    }
    V::store(out + q * kAttentionPageTokens + group * kAttentionGroupTokens, sums[q]);
  });
}

template <class V, class Cached>
void attention_scores(const float* queries, std::size_t n_queries, std::size_t d,
                      const std::byte* keys, float* out) {
  constexpr std::size_t kBlock = V::kFloatTileRows;
  for (std::size_t group = 0; group < kAttentionGroups; ++group) {
    std::size_t q = 0;
    for (; q + kBlock <= n_queries; q += kBlock) {
      score_group<V, Cached, kBlock>(queries + q * d, d, keys, group,
                                     out + q * kAttentionPageTokens);
    }
    for (; q < n_queries; ++q) {
      score_group<V, Cached, 1>(queries + q * d, d, keys, group, out + q * kAttentionPageTokens);
    }
  }
}

// 16 elements of the results of some queries.
template <class V, class Cached, std::size_t queries>
COMPUTE_INLINE void weigh_columns(const float* weights, const float* rescale, std::size_t d,
                                  const std::byte* values, std::size_t begin, std::size_t end,
                                  std::size_t column, float* out) {
  typename V::F32 sums[queries];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    sums[q] = V::mul(V::load(out + q * d + column), V::set(rescale[q]));
  });
  const auto* value = values + (begin * d + column) * Cached::kBytes;
  for (std::size_t t = begin; t < end; ++t) {
    auto row = Cached::load(value);
    if constexpr (Cached::kScaled) row = V::mul(row, V::set(token_scales<Cached>(values, d)[t]));
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      sums[q] = V::fma(row, V::set(weights[q * kAttentionPageTokens + t]), sums[q]);
    });
    value += d * Cached::kBytes;
  }
  unrolled<queries>(
      [&](auto q) __attribute__((always_inline)) { V::store(out + q * d + column, sums[q]); });
}

// The last columns of heads whose width is no multiple of 16: through a copy, for a vector of 16
// would read and write past them.
template <class V, class Cached>
COMPUTE_INLINE void weigh_rest(const float* weights, float rescale, std::size_t d,
                               const std::byte* values, std::size_t begin, std::size_t end,
                               std::size_t column, float* out) {
  const std::size_t count = d - column;
  auto sum = V::mul(V::load_first(out + column, count), V::set(rescale));
  for (std::size_t t = begin; t < end; ++t) {
    alignas(64) std::byte row[16 * 4] = {};
    __builtin_memcpy(row, values + (t * d + column) * Cached::kBytes, count * Cached::kBytes);
    auto loaded = Cached::load(row);
    if constexpr (Cached::kScaled) {
      loaded = V::mul(loaded, V::set(token_scales<Cached>(values, d)[t]));
    }
    sum = V::fma(loaded, V::set(weights[t]), sum);
  }
  V::store_first(out + column, sum, count);
}

template <class V, class Cached>
void attention_weigh(const float* weights, const float* rescale, std::size_t n_queries,
                     std::size_t d, const std::byte* values, std::size_t begin, std::size_t end,
                     float* out) {
  constexpr std::size_t kBlock = V::kFloatTileRows;
  std::size_t q = 0;
  const auto block = [&](auto queries) __attribute__((always_inline)) {
    std::size_t column = 0;
    for (; column + 16 <= d; column += 16) {
      weigh_columns<V, Cached, queries>(weights + q * kAttentionPageTokens, rescale + q, d, values,
                                        begin, end, column, out + q * d);
    }
    for (std::size_t i = q; column < d && i < q + queries; ++i) {
      weigh_rest<V, Cached>(weights + i * kAttentionPageTokens, rescale[i], d, values, begin, end,
                            column, out + i * d);
    }
    q += queries;
  };
  while (q + kBlock <= n_queries) block(Constant<kBlock>{});
  while (q < n_queries) block(Constant<1>{});
}

// e^x for x <= 0, to about 2 units in the last place: 2^n * p(r) with r in [-ln 2 / 2, ln 2 / 2];
// p is e^r's Taylor polynomial, whose first omitted term is below 2^-26 there. Below -87 the result
// would leave the normal range; it stays at e^-87, which is nothing beside the maximum's 1.
template <class V>
COMPUTE_INLINE typename V::F32 exp_nonpositive(typename V::F32 x) {
  x = V::max(x, V::set(-87.0f));
  const auto n = V::to_f32(V::round(V::mul(x, V::set(1.44269504f))));
  auto r = V::fma(n, V::set(-0.693359375f), x);  // ln 2 in two pieces, the first exact in n * ln 2
  r = V::fma(n, V::set(2.12194440e-4f), r);
  auto p = V::set(1.0f / 5040);
  p = V::fma(p, r, V::set(1.0f / 720));
  p = V::fma(p, r, V::set(1.0f / 120));
  p = V::fma(p, r, V::set(1.0f / 24));
  p = V::fma(p, r, V::set(1.0f / 6));
  p = V::fma(p, r, V::set(0.5f));
  p = V::fma(p, r, V::set(1.0f));
  p = V::fma(p, r, V::set(1.0f));
  return V::times_power_of_two(p, n);
}

template <class V>
float attention_soften(float* scores, std::size_t begin, std::size_t end, float scale,
                       float& highest, float& sum) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  constexpr std::size_t kLanes = 16;
  for (std::size_t t = 0; t < begin; ++t) scores[t] = kNever;
  for (std::size_t t = end; t < kAttentionPageTokens; ++t) scores[t] = kNever;
  alignas(64) float lanes[kLanes];
  auto largest = V::set(kNever);
  for (std::size_t t = 0; t < kAttentionPageTokens; t += kLanes) {
    largest = V::max(largest, V::mul(V::load(scores + t), V::set(scale)));
  }
  V::store(lanes, largest);
  float new_highest = highest;
  for (const float lane : lanes) new_highest = lane > new_highest ? lane : new_highest;

  // The change of the maximum is one more number to take the exponential of, in a fifth vector.
  alignas(64) float exponents[kAttentionPageTokens + kLanes] = {};
  exponents[kAttentionPageTokens] = highest == kNever ? -87.0f : highest - new_highest;
  for (std::size_t t = 0; t < kAttentionPageTokens; t += kLanes) {
    const auto scaled = V::mul(V::load(scores + t), V::set(scale));
    V::store(exponents + t, V::sub(scaled, V::set(new_highest)));
  }
#pragma GCC unroll 1
  for (std::size_t t = 0; t < kAttentionPageTokens + kLanes; t += kLanes) {
    V::store(exponents + t, exp_nonpositive<V>(V::load(exponents + t)));
  }
  const float rescale = highest == kNever ? 0 : exponents[kAttentionPageTokens];
  auto total = V::zero();
  for (std::size_t t = 0; t < begin; ++t) exponents[t] = 0;
  for (std::size_t t = end; t < kAttentionPageTokens; ++t) exponents[t] = 0;
  for (std::size_t t = 0; t < kAttentionPageTokens; t += kLanes) {
    const auto weights = V::load(exponents + t);
    V::store(scores + t, weights);
    total = V::add(total, weights);
  }
  V::store(lanes, total);
  float page_sum = 0;
  for (const float lane : lanes) page_sum += lane;
  sum = sum * rescale + page_sum;
  highest = new_highest;
  return rescale;
}

template <class V, template <class> class Cached>
constexpr AttentionLoops attention_loops() {
  return {attention_scores<V, Cached<V>>, attention_weigh<V, Cached<V>>};
}

}  // namespace compute
