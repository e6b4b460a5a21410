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

// Queries that are worked on together, and vectors of 16 tokens (or columns) beside each other, so
// that as many sums run at once as the registers hold: 8 x 2, 4 x 4, 2 x 4 or 1 x 4.
template <class V>
inline constexpr std::size_t kAttentionQueries = V::kAttentionSums < 8 ? V::kAttentionSums : 8;
template <class V, std::size_t queries>
inline constexpr std::size_t kAttentionVectors =
    V::kAttentionSums / queries < kAttentionGroups ? V::kAttentionSums / queries : kAttentionGroups;

// Asks for the lines from `next` on: while one side of a page is worked on, the following one
// travels.
template <std::size_t bytes>
COMPUTE_INLINE void prefetch_lines(const std::byte* next) {
  for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(next + line, 0, 3);
}

// Calls body(Constant<block>, first query) for blocks of 8, 4, 2 and 1.
template <class V, class Body>
COMPUTE_INLINE void for_query_blocks(std::size_t n_queries, const Body& body) {
  constexpr std::size_t kMost = kAttentionQueries<V>;
  std::size_t q = 0;
  for (; q + kMost <= n_queries; q += kMost) body(Constant<kMost>{}, q);
  const auto rest = [&](auto block) __attribute__((always_inline)) {
    if constexpr (block < kMost) {
      if (q + block <= n_queries) {
        body(block, q);
        q += block;
      }
    }
  };
  rest(Constant<4>{});
  rest(Constant<2>{});
  rest(Constant<1>{});
}

template <class V, class Cached, std::size_t queries, std::size_t vectors>
COMPUTE_INLINE void score_tile(const float* query, std::size_t d, const std::byte* keys,
                               std::size_t group, const std::byte* next, float* out) {
  constexpr std::size_t kVectorBytes = kAttentionGroupTokens * Cached::kBytes;
  typename V::F32 sums[queries][vectors];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto g) __attribute__((always_inline)) { sums[q][g] = V::zero(); });
  });
  const auto* key = keys + group * d * kVectorBytes;
  next += group * d * kVectorBytes;
  for (std::size_t i = 0; i < d; ++i) {
    prefetch_lines<vectors * kVectorBytes>(next + i * vectors * kVectorBytes);
    typename V::F32 columns[vectors];
    unrolled<vectors>([&](auto g) __attribute__((always_inline)) {
      columns[g] = Cached::load(key + g * d * kVectorBytes);
    });
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      const auto element = V::set(query[q * d + i]);
      unrolled<vectors>([&](auto g) __attribute__((always_inline)) {
        sums[q][g] = V::fma(columns[g], element, sums[q][g]);
      });
    });
    key += kVectorBytes;
  }
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto g) __attribute__((always_inline)) {
      const std::size_t token = (group + g) * kAttentionGroupTokens;
      if constexpr (Cached::kScaled) {
        sums[q][g] = V::mul(sums[q][g], V::load(token_scales<Cached>(keys, d) + token));
      }
      V::store(out + q * kAttentionPageTokens + token, sums[q][g]);
    });
  });
}

template <class V, class Cached>
void attention_scores(const float* queries, std::size_t n_queries, std::size_t d,
                      const std::byte* keys, const std::byte* next, float* out) {
  for_query_blocks<V>(n_queries, [&](auto block, std::size_t q) __attribute__((always_inline)) {
    constexpr std::size_t kVectors = kAttentionVectors<V, block>;
    for (std::size_t group = 0; group < kAttentionGroups; group += kVectors) {
      score_tile<V, Cached, block, kVectors>(queries + q * d, d, keys, group, next,
                                             out + q * kAttentionPageTokens);
    }
  });
}

// 16 elements of a value row, zeros beyond its end.
template <class V, class Cached>
COMPUTE_INLINE auto load_value(const std::byte* row, std::size_t column, std::size_t d) {
  if (column + 16 <= d) return Cached::load(row + column * Cached::kBytes);
  alignas(64) std::byte part[16 * 4] = {};
  __builtin_memcpy(part, row + column * Cached::kBytes, (d - column) * Cached::kBytes);
  return Cached::load(part);
}

// One token's scores for some queries: each is one chain over the columns, then the sum of lanes.
template <class V, class Cached, std::size_t queries>
COMPUTE_INLINE void score_value(const float* query, std::size_t d, const std::byte* values,
                                std::size_t token, float* out) {
  typename V::F32 sums[queries];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) { sums[q] = V::zero(); });
  const auto* row = values + token * d * Cached::kBytes;
  for (std::size_t column = 0; column < d; column += 16) {
    const auto value = load_value<V, Cached>(row, column, d);
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      const float* part = query + q * d + column;
      const auto factor = column + 16 <= d ? V::load(part) : V::load_first(part, d - column);
      sums[q] = V::fma(value, factor, sums[q]);
    });
  }
  float scale = 1;
  if constexpr (Cached::kScaled) scale = token_scales<Cached>(values, d)[token];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    out[q * kAttentionPageTokens + token] += V::sum(sums[q]) * scale;
  });
}

template <class V, class Cached>
void attention_add_value_scores(const float* queries, std::size_t n_queries, std::size_t d,
                                const std::byte* values, float* out) {
  for_query_blocks<V>(n_queries, [&](auto block, std::size_t q) __attribute__((always_inline)) {
    for (std::size_t token = 0; token < kAttentionPageTokens; ++token) {
      score_value<V, Cached, block>(queries + q * d, d, values, token,
                                    out + q * kAttentionPageTokens);
    }
  });
}

// 16 elements, or several times 16, of the results of some queries.
template <class V, class Cached, std::size_t queries, std::size_t vectors>
COMPUTE_INLINE void weigh_tile(const float* weights, const float* rescale, std::size_t d,
                               const std::byte* values, std::size_t begin, std::size_t end,
                               std::size_t column, const std::byte* next, float* out) {
  constexpr std::size_t kVectorBytes = 16 * Cached::kBytes;
  typename V::F32 sums[queries][vectors];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
      sums[q][v] = V::mul(V::load(out + q * d + column + v * 16), V::set(rescale[q]));
    });
  });
  const auto* value = values + (begin * d + column) * Cached::kBytes;
  for (std::size_t t = begin; t < end; ++t) {
    prefetch_lines<vectors * kVectorBytes>(next + (t * d + column) * Cached::kBytes);
    typename V::F32 row[vectors];
    unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
      row[v] = Cached::load(value + v * kVectorBytes);
      if constexpr (Cached::kScaled) {
        row[v] = V::mul(row[v], V::set(token_scales<Cached>(values, d)[t]));
      }
    });
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      const auto weight = V::set(weights[q * kAttentionPageTokens + t]);
      unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
        sums[q][v] = V::fma(row[v], weight, sums[q][v]);
      });
    });
    value += d * Cached::kBytes;
  }
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
      V::store(out + q * d + column + v * 16, sums[q][v]);
    });
  });
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
                     const std::byte* next, float* out) {
  for_query_blocks<V>(n_queries, [&](auto block, std::size_t q) __attribute__((always_inline)) {
    constexpr std::size_t kVectors = kAttentionVectors<V, block>;
    const float* own = weights + q * kAttentionPageTokens;
    std::size_t column = 0;
    for (; column + 16 * kVectors <= d; column += 16 * kVectors) {
      weigh_tile<V, Cached, block, kVectors>(own, rescale + q, d, values, begin, end, column, next,
                                             out + q * d);
    }
    for (; column + 16 <= d; column += 16) {
      weigh_tile<V, Cached, block, 1>(own, rescale + q, d, values, begin, end, column, next,
                                      out + q * d);
    }
    for (std::size_t i = 0; column < d && i < block; ++i) {
      weigh_rest<V, Cached>(own + i * kAttentionPageTokens, rescale[q + i], d, values, begin, end,
                            column, out + (q + i) * d);
    }
  });
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
  typename V::F32 scaled[kAttentionGroups];
  unrolled<kAttentionGroups>([&](auto g) __attribute__((always_inline)) {
    scaled[g] = V::mul(V::load(scores + g * kLanes), V::set(scale));
  });
  const float page_highest =
      V::largest(V::max(V::max(scaled[0], scaled[1]), V::max(scaled[2], scaled[3])));
  const float new_highest = page_highest > highest ? page_highest : highest;

  auto total = V::zero();
  unrolled<kAttentionGroups>([&](auto g) __attribute__((always_inline)) {
    const auto weights = exp_nonpositive<V>(V::sub(scaled[g], V::set(new_highest)));
    V::store(scores + g * kLanes, weights);
  });
  for (std::size_t t = 0; t < begin; ++t) scores[t] = 0;
  for (std::size_t t = end; t < kAttentionPageTokens; ++t) scores[t] = 0;
  unrolled<kAttentionGroups>([&](auto g) __attribute__((always_inline)) {
    total = V::add(total, V::load(scores + g * kLanes));
  });
  float rescale = 1;
  if (highest == kNever) {
    rescale = 0;
  } else if (new_highest != highest) {  // rare after the first pages
    alignas(64) float lanes[kLanes];
    V::store(lanes, exp_nonpositive<V>(V::set(highest - new_highest)));
    rescale = lanes[0];
  }
  sum = sum * rescale + V::sum(total);
  highest = new_highest;
  return rescale;
}

inline void leave_queries(float*, std::size_t, std::size_t) {}

template <class V, template <class> class Cached>
constexpr AttentionLoops attention_loops() {
  return {leave_queries, leave_queries, attention_scores<V, Cached<V>>,
          attention_add_value_scores<V, Cached<V>>, attention_weigh<V, Cached<V>>};
}

}  // namespace compute
