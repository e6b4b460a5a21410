// The loops of attention over pages of bf16, over a vocabulary V whose dot products take pairs of
// bf16 numbers. Queries, and the weights of values, are rounded to bf16 as well; sums are f32. As
// in attention_loops.h every result is one chain over the elements (or tokens) in order.
#pragma once

#include <cstdint>

#include "compute/kernels/attention_loops.h"

namespace compute {

// Two bf16 numbers of each of 16 lanes.
inline constexpr std::size_t kPairBytes = 64;

constexpr std::size_t bf16_pairs(std::size_t n) {
  return (n + 1) / 2;
}

// Each query, in place: its first half of bytes holds d numbers as bf16, and a zero if d is odd.
template <class V>
void prepare_queries_bf16(float* queries, std::size_t n_queries, std::size_t d) {
  for (std::size_t q = 0; q < n_queries; ++q) {
    float* query = queries + q * d;
    auto* out = reinterpret_cast<std::uint16_t*>(query);
    std::size_t i = 0;
    for (; i + 16 <= d; i += 16) V::store_bf16(out + i, V::load(query + i));
    if (i == d) continue;
    alignas(32) std::uint16_t rest[16];
    V::store_bf16(rest, V::load_first(query + i, d - i));
    __builtin_memcpy(out + i, rest, bf16_pairs(d - i) * 4);
  }
}

template <class V, std::size_t queries, std::size_t vectors>
COMPUTE_INLINE void bf16_score_tile(const float* query, std::size_t d, const std::byte* keys,
                                    std::size_t group, const std::byte* next, float* out) {
  typename V::F32 sums[queries][vectors];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto g) __attribute__((always_inline)) { sums[q][g] = V::zero(); });
  });
  const std::size_t group_bytes = bf16_pairs(d) * kPairBytes;
  const auto* key = reinterpret_cast<const std::uint8_t*>(keys) + group * group_bytes;
  next += group * group_bytes;
  for (std::size_t i = 0; i < bf16_pairs(d); ++i) {
    prefetch_lines<vectors * kPairBytes>(next + i * vectors * kPairBytes);
    typename V::Bytes columns[vectors];
    unrolled<vectors>([&](auto g) __attribute__((always_inline)) {
      columns[g] = V::load_bytes(key + g * group_bytes);
    });
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      const auto pair = V::repeat(reinterpret_cast<const std::int8_t*>(query + q * d) + 4 * i);
      unrolled<vectors>([&](auto g) __attribute__((always_inline)) {
        sums[q][g] = V::dot_bf16(sums[q][g], columns[g], pair);
      });
    });
    key += kPairBytes;
  }
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto g) __attribute__((always_inline)) {
      V::store(out + q * kAttentionPageTokens + (group + g) * kAttentionGroupTokens, sums[q][g]);
    });
  });
}

template <class V>
void bf16_attention_scores(const float* queries, std::size_t n_queries, std::size_t d,
                           const std::byte* keys, const std::byte* next, float* out) {
  for_query_blocks<V>(n_queries, [&](auto block, std::size_t q) __attribute__((always_inline)) {
    constexpr std::size_t kVectors = kAttentionVectors<V, block>;
    for (std::size_t group = 0; group < kAttentionGroups; group += kVectors) {
      bf16_score_tile<V, block, kVectors>(queries + q * d, d, keys, group, next,
                                          out + q * kAttentionPageTokens);
    }
  });
}

// Each query, in place: every number as a pair of twice the same bf16 number.
template <class V>
void prepare_value_queries_bf16(float* queries, std::size_t n_queries, std::size_t d) {
  const std::size_t n = n_queries * d;
  for (std::size_t begin = 0; begin < n; begin += 16) {
    const std::size_t count = n - begin < 16 ? n - begin : 16;
    alignas(32) std::uint16_t rounded[16];
    V::store_bf16(rounded, V::load_first(queries + begin, count));
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t pair[2] = {rounded[i], rounded[i]};
      __builtin_memcpy(queries + begin + i, pair, 4);
    }
  }
}

// A block of queries times the values of two tokens: the first's, and the sum of both. The second
// may never have been stored, so that it must not touch the first.
template <class V, std::size_t queries>
COMPUTE_INLINE void bf16_score_pair(const float* query, const std::uint8_t* row, std::size_t d,
                                    float* out) {
  typename V::F32 first[queries], both[queries];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) { first[q] = both[q] = V::zero(); });
  const auto add = [&](const std::uint8_t* values, const float* factors,
                       std::size_t stride) __attribute__((always_inline)) {
    const auto pairs = V::load_bytes(values);
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      const auto* of_query = reinterpret_cast<const std::uint8_t*>(factors + q * stride);
      const auto factor = V::load_bytes(of_query);
      first[q] = V::dot_bf16(first[q], V::first_bf16(pairs), factor);
      both[q] = V::dot_bf16(both[q], pairs, factor);
    });
  };
  std::size_t column = 0;
  for (; column + 16 <= d; column += 16) add(row + column * 4, query + column, d);
  if (column < d) {
    alignas(64) std::uint8_t values[kPairBytes] = {};
    alignas(64) float factors[queries][16] = {};
    __builtin_memcpy(values, row + column * 4, (d - column) * 4);
    for (std::size_t q = 0; q < queries; ++q) {
      __builtin_memcpy(factors[q], query + q * d + column, (d - column) * 4);
    }
    add(values, factors[0], 16);
  }
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    const float sum = V::sum(first[q]);
    out[q * kAttentionPageTokens] += sum;
    out[q * kAttentionPageTokens + 1] += V::sum(both[q]) - sum;
  });
}

template <class V>
void bf16_attention_add_value_scores(const float* queries, std::size_t n_queries, std::size_t d,
                                     const std::byte* values, float* out) {
  const auto* rows = reinterpret_cast<const std::uint8_t*>(values);
  for_query_blocks<V>(n_queries, [&](auto block, std::size_t q) __attribute__((always_inline)) {
    for (std::size_t token = 0; token < kAttentionPageTokens; token += 2) {
      bf16_score_pair<V, block>(queries + q * d, rows + token * d * 2, d,
                                out + q * kAttentionPageTokens + token);
    }
  });
}

// The weights of a block of queries as bf16, zero outside [begin, end).
template <class V, std::size_t queries>
struct RoundedWeights {
  alignas(64) std::uint16_t values[queries][kAttentionPageTokens];

  COMPUTE_INLINE RoundedWeights(const float* weights, std::size_t begin, std::size_t end) {
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t t = 0; t < kAttentionPageTokens; t += 16) {
        V::store_bf16(values[q] + t, V::load(weights + q * kAttentionPageTokens + t));
      }
      if (begin % 2 != 0) values[q][begin - 1] = 0;
      if (end % 2 != 0) values[q][end] = 0;
    }
  }
  COMPUTE_INLINE auto pair(std::size_t q, std::size_t p) const {
    return V::repeat(reinterpret_cast<const std::int8_t*>(values[q] + 2 * p));
  }
};

// The values of a page, by pairs of tokens.
struct PairRows {
  const std::uint8_t* values;  // [32, d, 2] bf16
  std::size_t d;
  std::size_t begin, end;  // tokens

  std::size_t pair_begin() const { return begin / 2; }
  std::size_t pair_end() const { return (end + 1) / 2; }
  const std::uint8_t* at(std::size_t p, std::size_t column) const {
    return values + (p * d + column) * 4;
  }
};

// The last token may be the first of its pair and the other one never stored: that could be
// anything, and a weight of zero does not help against NaN. It is replaced by zero.
template <class V, std::size_t queries, std::size_t vectors>
COMPUTE_INLINE void bf16_weigh_tile(const RoundedWeights<V, queries>& weights, const float* rescale,
                                    const PairRows& rows, std::size_t column, const std::byte* next,
                                    float* out) {
  typename V::F32 sums[queries][vectors];
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
      sums[q][v] = V::mul(V::load(out + q * rows.d + column + v * 16), V::set(rescale[q]));
    });
  });
  const auto add = [&](std::size_t p, auto prepare) __attribute__((always_inline)) {
    prefetch_lines<vectors * kPairBytes>(next + (p * rows.d + column) * 4);
    typename V::Bytes row[vectors];
    unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
      row[v] = prepare(V::load_bytes(rows.at(p, column + v * 16)));
    });
    unrolled<queries>([&](auto q) __attribute__((always_inline)) {
      const auto weight = weights.pair(q, p);
      unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
        sums[q][v] = V::dot_bf16(sums[q][v], row[v], weight);
      });
    });
  };
  const std::size_t whole_end = rows.end / 2;
  for (std::size_t p = rows.pair_begin(); p < whole_end; ++p) {
    add(p, [](auto row) __attribute__((always_inline)) { return row; });
  }
  if (whole_end < rows.pair_end()) {
    add(whole_end, [](auto row) __attribute__((always_inline)) { return V::first_bf16(row); });
  }
  unrolled<queries>([&](auto q) __attribute__((always_inline)) {
    unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
      V::store(out + q * rows.d + column + v * 16, sums[q][v]);
    });
  });
}

// The last columns of heads whose width is no multiple of 16, through a copy.
template <class V, std::size_t queries>
COMPUTE_INLINE void bf16_weigh_rest(const RoundedWeights<V, queries>& weights, const float* rescale,
                                    const PairRows& rows, std::size_t column, float* out) {
  const std::size_t count = rows.d - column;
  for (std::size_t q = 0; q < queries; ++q) {
    auto sum = V::mul(V::load_first(out + q * rows.d + column, count), V::set(rescale[q]));
    for (std::size_t p = rows.pair_begin(); p < rows.pair_end(); ++p) {
      alignas(64) std::uint8_t copy[kPairBytes] = {};
      __builtin_memcpy(copy, rows.at(p, column), count * 4);
      auto row = V::load_bytes(copy);
      if (2 * p + 1 == rows.end) row = V::first_bf16(row);
      sum = V::dot_bf16(sum, row, weights.pair(q, p));
    }
    V::store_first(out + q * rows.d + column, sum, count);
  }
}

template <class V>
void bf16_attention_weigh(const float* weights, const float* rescale, std::size_t n_queries,
                          std::size_t d, const std::byte* values, std::size_t begin,
                          std::size_t end, const std::byte* next, float* out) {
  const PairRows rows = {reinterpret_cast<const std::uint8_t*>(values), d, begin, end};
  for_query_blocks<V>(n_queries, [&](auto block, std::size_t q) __attribute__((always_inline)) {
    constexpr std::size_t kVectors = kAttentionVectors<V, block>;
    const RoundedWeights<V, block> rounded(weights + q * kAttentionPageTokens, begin, end);
    std::size_t column = 0;
    for (; column + 16 * kVectors <= d; column += 16 * kVectors) {
      bf16_weigh_tile<V, block, kVectors>(rounded, rescale + q, rows, column, next, out + q * d);
    }
    for (; column + 16 <= d; column += 16) {
      bf16_weigh_tile<V, block, 1>(rounded, rescale + q, rows, column, next, out + q * d);
    }
    if (column < d) bf16_weigh_rest<V, block>(rounded, rescale + q, rows, column, out + q * d);
  });
}

template <class V>
constexpr AttentionLoops bf16_attention_loops() {
  return {prepare_queries_bf16<V>, prepare_value_queries_bf16<V>, bf16_attention_scores<V>,
          bf16_attention_add_value_scores<V>, bf16_attention_weigh<V>};
}

}  // namespace compute
