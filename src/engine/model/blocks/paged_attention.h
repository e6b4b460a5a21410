// Attention of the rows of a step over the pages of their sequences.
#pragma once

#include <cstdint>
#include <span>

#include "compute/tensor.h"
#include "engine/model/spec.h"
#include "engine/model/step.h"

namespace engine {

struct AttendOptions {
  float scale = 1;                     // of query times key
  int window = 0;                      // tokens a query sees, itself included; 0: all
  float softcap = 0;                   // of scaled scores; 0: none
  bool causal = true;                  // else a query sees (window / 2 to) both sides
  std::span<const float> sinks = {};   // [n_heads]: a score that takes weight but has no value
  std::span<const float> slopes = {};  // [n_heads]: ALiBi
};

// Writes the rows' keys and values into their pages. keys: [T, n_kv_heads, d_key], values:
// [T, n_kv_heads, d_value].
void append_kv(Step& step, std::size_t kv_layer, compute::ConstTensor keys,
               compute::ConstTensor values);

// queries: [T, n_heads, d_key], in place.
void grow_queries(const QueryGrowth& growth, compute::Tensor queries,
                  std::span<const std::int32_t> positions);

// out[T, n_heads, d_value] from queries [T, n_heads, d_key]; n_heads / n_kv_heads query heads share
// a kv head. Softmax runs over pages in order with a running maximum (Milakov & Gimelshein 2018,
// arXiv 1805.02867), so a row's result depends on its sequence and position alone.
void attend(Step& step, std::size_t kv_layer, compute::ConstTensor queries, compute::Tensor out,
            const AttendOptions& options);

}  // namespace engine
