// Layers that carry a state of fixed size from token to token instead of keys and values.
#pragma once

#include <vector>

#include "engine/model/blocks/linear.h"
#include "engine/model/loader.h"

namespace engine {

// A causal convolution over time, one filter per channel, in place:
// x[t, c] = sum over i of filter[c, i] * x[t - (d_conv - 1) + i, c] + bias[c].
// state: [d_conv - 1, n_channels], the raw inputs before these rows; updated.
struct CausalConv {
  std::size_t n_channels = 0;
  std::size_t d_conv = 0;
  std::vector<float> filter;  // [n_channels, d_conv]
  std::vector<float> bias;    // [n_channels] or empty

  std::size_t state_floats() const { return (d_conv - 1) * n_channels; }
  void run(compute::Tensor x, float* state, compute::Pool& pool) const;
};

// Mamba (arXiv 2312.00752), algorithm 2.
class MambaBlock {
 public:
  MambaBlock(TensorLoader& loader, const MambaSpec& spec, std::size_t d_model,
             std::size_t state_offset);
  void forward(compute::ConstTensor normed, compute::Tensor out, Step& step) const;
  static std::size_t state_floats(const MambaSpec& spec);

 private:
  void scan(compute::Tensor x, compute::ConstTensor dt, compute::ConstTensor mixed, float* state,
            compute::Pool& pool) const;

  MambaSpec spec_;
  std::size_t state_offset_;
  CausalConv conv_;
  Linear in_, mix_, dt_, out_;
  std::vector<float> decay_;  // [d_inner, d_state], negative
  std::vector<float> skip_;   // [d_inner]
};

// Gated delta rule (arXiv 2412.06464) with a short convolution before it and a gated norm after.
class DeltaNetBlock {
 public:
  DeltaNetBlock(TensorLoader& loader, const DeltaNetSpec& spec, std::size_t d_model,
                std::size_t state_offset);
  void forward(compute::ConstTensor normed, compute::Tensor out, Step& step) const;
  static std::size_t state_floats(const DeltaNetSpec& spec);

 private:
  struct Rows {             // of one sequence
    compute::Tensor mixed;  // [T, channels]: queries, keys, values after the convolution
    compute::Tensor beta;   // [T, n_value_heads] in (0, 1)
    compute::Tensor decay;  // [T, n_value_heads], log of what the state keeps
    compute::Tensor out;    // [T, n_value_heads, d_head]
  };
  void recur(const Rows& rows, std::size_t value_head, float* state) const;

  DeltaNetSpec spec_;
  std::size_t state_offset_;
  CausalConv conv_;
  Linear mix_, gate_, beta_, alpha_, out_;
  Norm norm_;
  std::vector<float> dt_bias_, decay_;  // [n_value_heads]
};

// LFM2 (arXiv 2511.23404): out = out_proj(c * conv(b * x)).
class ShortConvBlock {
 public:
  ShortConvBlock(TensorLoader& loader, const ShortConvSpec& spec, std::size_t d_model,
                 std::size_t state_offset);
  void forward(compute::ConstTensor normed, compute::Tensor out, Step& step) const;
  static std::size_t state_floats(const ShortConvSpec& spec, std::size_t d_model);

 private:
  std::size_t state_offset_;
  CausalConv conv_;
  Linear in_, out_;
};

}  // namespace engine
