// Multi-head attention with grouped queries, and the variations of it that models have.
#pragma once

#include <vector>

#include "engine/model/blocks/linear.h"
#include "engine/model/loader.h"

namespace engine {

class AttentionBlock {
 public:
  // `kv_layer`: the place in the cache of its keys and values, or of those it shares.
  AttentionBlock(TensorLoader& loader, const AttentionSpec& spec, std::size_t d_model,
                 std::size_t kv_layer, bool causal);

  // out = attention of the normed rows. normed, out: [T, d_model].
  void forward(compute::ConstTensor normed, compute::Tensor out, Step& step) const;

 private:
  struct Projected {
    compute::Tensor queries, keys, values;  // [T, heads, width]
    compute::Tensor gate;                   // [T, n_heads * d_key] when gated
  };
  void load_projections(TensorLoader& loader, std::size_t d_model);
  Projected project(compute::MatmulInput& x, Step& step) const;
  void split_gate(compute::ConstTensor mixed, Projected& projected, Step& step) const;
  void prepare_keys(Projected& projected, Step& step) const;

  AttentionSpec spec_;
  std::size_t kv_layer_;
  bool causal_;
  Linear query_, key_, value_, query_key_value_, output_;
  Norm query_norm_, key_norm_;
  std::vector<float> sinks_;   // [n_heads] or empty
  std::vector<float> slopes_;  // [n_heads] or empty
};

}  // namespace engine
