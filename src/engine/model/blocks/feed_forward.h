// The feed-forward half of a layer: one dense block, a mixture of experts, or both.
#pragma once

#include <vector>

#include "engine/model/blocks/linear.h"
#include "engine/model/loader.h"

namespace engine {

class DenseBlock {
 public:
  DenseBlock() = default;
  // `suffix` "_shexp" is the expert that every token passes.
  DenseBlock(TensorLoader& loader, const DenseSpec& spec, std::size_t d_model,
             const std::string& suffix = "");
  // x, out: [T, d_model].
  void forward(compute::ConstTensor x, compute::Tensor out, Step& step) const;

 private:
  DenseSpec spec_;
  Linear gate_, up_, down_;
};

class ExpertsBlock {
 public:
  ExpertsBlock(TensorLoader& loader, const ExpertsSpec& spec, std::size_t d_model);
  void forward(compute::ConstTensor x, compute::Tensor out, Step& step) const {
    forward(x, x, out, step);
  }
  // The experts are chosen by `router_x`.
  void forward(compute::ConstTensor x, compute::ConstTensor router_x, compute::Tensor out,
               Step& step) const;

 private:
  struct Choice {
    std::size_t row;
    std::size_t expert;
    float weight;
  };
  std::vector<Choice> route(compute::Tensor logits, Step& step) const;
  void choose(std::span<float> scores, std::vector<Choice>& chosen, std::size_t row) const;
  void mask_groups(std::span<float> selection) const;
  void run_expert(std::size_t expert, std::span<const Choice> choices, compute::ConstTensor x,
                  compute::Tensor out, Step& step) const;
  void add_shared(compute::ConstTensor x, compute::Tensor out, Step& step) const;

  ExpertsSpec spec_;
  Linear router_;
  std::vector<float> selection_bias_;        // [n_experts] or empty: counts in choosing only
  compute::ExpertWeights gate_, up_, down_;  // no gate_: up_ holds both, the gate first
  std::vector<float> gate_bias_, up_bias_, down_bias_;  // [n_experts, width] or empty
  std::vector<float> down_scale_;                       // [n_experts] or empty
  DenseBlock shared_;
  std::vector<float> shared_gate_;  // [d_model] or empty
};

class DenseAndExpertsBlock {
 public:
  DenseAndExpertsBlock(TensorLoader& loader, const DenseAndExpertsSpec& spec, std::size_t d_model);
  // x is not normed yet.
  void forward(compute::ConstTensor x, compute::Tensor out, Step& step) const;

 private:
  DenseBlock dense_;
  ExpertsBlock experts_;
  Norm dense_norm_, dense_post_norm_, experts_norm_, experts_post_norm_;
  Norm router_norm_;
};

}  // namespace engine
