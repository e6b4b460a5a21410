// The inner loops of attention over pages of 64 tokens: query times keys, and weights times values,
// for one kv head. What a page looks like is said here; who owns it and what else is in it, not.
//
// keys:   [4, d, 16]  four groups of 16 tokens, transposed: the scores of 16 tokens are one vector
// values: [64, d]
// Elements are f32, f16 or s8; s8 data is followed by one f32 scale per token, [64]. With bf16,
// what is multiplied and added up stands in pairs: keys [4, (d + 1) / 2, 16, 2], values [32, d, 2].
#pragma once

#include <cstddef>

#include "compute/kernels/isa.h"

namespace compute {

inline constexpr std::size_t kAttentionPageTokens = 64;
inline constexpr std::size_t kAttentionGroupTokens = 16;

enum class CacheType { F32, F16, Q8, BF16 };

// The loops that differ by instruction set. `next`: where the side of a page lies that the caller
// will need after this one, of the same size; it is moved into the cache meanwhile.
struct AttentionLoops {
  // Puts queries [n_queries, d] into the form that scores() takes, in place.
  void (*prepare)(float* queries, std::size_t n_queries, std::size_t d);
  void (*prepare_for_values)(float* queries, std::size_t n_queries, std::size_t d);
  // out[n_queries, 64] = prepared queries[n_queries, d] * keys^T. Tokens that were never stored
  // give numbers without meaning.
  void (*scores)(const float* queries, std::size_t n_queries, std::size_t d, const std::byte* keys,
                 const std::byte* next, float* out);
  // out[n_queries, 64] += queries[n_queries, d] * values^T: for caches whose values are a part of
  // the keys, which is then stored once. The queries went through prepare_for_values.
  void (*add_value_scores)(const float* queries, std::size_t n_queries, std::size_t d,
                           const std::byte* values, float* out);
  // out[n_queries, d] = out * rescale[n_queries] + weights[n_queries, 64] * values, over the tokens
  // [begin, end).
  void (*weigh)(const float* weights, const float* rescale, std::size_t n_queries, std::size_t d,
                const std::byte* values, std::size_t begin, std::size_t end, const std::byte* next,
                float* out);
};

// One page's scores [64] become weights: exp(scale * score - highest) inside [begin, end), zero
// outside. Moves the running maximum and sum along and returns what earlier results must be
// multiplied by (Milakov & Gimelshein 2018, arXiv 1805.02867).
using SoftenPage = float (*)(float* scores, std::size_t begin, std::size_t end, float scale,
                             float& highest, float& sum);

// Results depend on the arguments alone: a query's are the same whatever n_queries is.
struct AttentionKernels {
  // Writes one token's vector of d numbers into place `token` of a page.
  void (*store_key)(const float* key, std::size_t d, std::size_t token, std::byte* keys);
  void (*store_value)(const float* value, std::size_t d, std::size_t token, std::byte* values);
  AttentionLoops loops;
  SoftenPage soften;
};

AttentionKernels attention_kernels(CacheType type, Isa isa);
// For the best instruction set of this machine.
const AttentionKernels& attention_kernels(CacheType type);

}  // namespace compute
