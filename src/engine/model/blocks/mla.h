// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434) in its absorbed form: queries are
// projected into the latent space, so that the cache holds one latent vector per token for all
// heads.
#pragma once

#include <vector>

#include "engine/model/blocks/linear.h"
#include "engine/model/loader.h"

namespace engine {

class MlaBlock {
 public:
  MlaBlock(TensorLoader& loader, const MlaSpec& spec, std::size_t d_model, std::size_t kv_layer);
  void forward(compute::ConstTensor normed, compute::Tensor out, Step& step) const;

 private:
  void load_heads(TensorLoader& loader);
  compute::Tensor project_queries(compute::MatmulInput& x, Step& step) const;
  void append(compute::MatmulInput& x, Step& step) const;
  compute::Tensor absorb(compute::ConstTensor queries, Step& step) const;

  MlaSpec spec_;
  std::size_t kv_layer_;
  Linear query_, query_down_, query_up_, latent_, output_;
  Norm query_norm_, latent_norm_;
  compute::ExpertWeights key_up_;                       // per head [kv_rank, d_nope]
  compute::ExpertWeights value_up_;                     // per head [d_value, kv_rank]
  std::vector<float> key_up_floats_, value_up_floats_;  // their numbers, from combined files
};

}  // namespace engine
