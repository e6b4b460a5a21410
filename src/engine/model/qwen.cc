// Qwen 2, Qwen 3 and their mixtures of experts (arXiv 2407.10671, 2505.09388).
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_qwen2(Hparams& hparams) {
  return read_decoder(hparams, RopePairing::Halves);
}

ModelSpec describe_qwen2moe(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  auto experts = read_experts(hparams, spec);
  experts.d_shared = read_shared_width(hparams, spec);
  for (auto& layer : spec.layers) layer.feed_forward = experts;
  return spec;
}

ModelSpec describe_qwen3(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  for (auto& layer : spec.layers) attention(layer).qk_norm = QkNorm::PerHead;
  // The rerankers answer yes or no after the last token.
  spec.info.rank_pooling = Pooling::Last;
  spec.rank.softmax = true;
  return spec;
}

ModelSpec describe_qwen3moe(Hparams& hparams) {
  auto spec = describe_qwen3(hparams);
  auto experts = read_experts(hparams, spec);
  experts.normalise = true;
  for (auto& layer : spec.layers) layer.feed_forward = experts;
  return spec;
}

// Qwen 3.5: three gated delta net layers, then one layer of gated attention.
ModelSpec describe_qwen35(Hparams& hparams) {
  auto spec = describe_qwen3(hparams);
  read_rope_sections(hparams, spec.ropes[0].n_rotated, /*interleaved=*/true);
  const int interval = hparams.integer("full_attention_interval", 4, 1, limits::model_layers_max);
  DeltaNetSpec delta;
  delta.d_conv = hparams.required("ssm.conv_kernel", 1, 64);
  delta.d_head = hparams.required("ssm.state_size", 1, limits::model_head_width_max);
  delta.n_key_heads = hparams.required("ssm.group_count", 1, limits::model_heads_max);
  delta.n_value_heads = hparams.required("ssm.time_step_rank", 1, limits::model_heads_max);
  const int d_inner = hparams.required("ssm.inner_size", 1, 8 * limits::model_width_max);
  if (d_inner != delta.n_value_heads * delta.d_head ||
      delta.n_value_heads % delta.n_key_heads != 0) {
    hparams.refuse("the sizes of the delta net layers do not fit together");
  }
  std::vector<bool> recurrent;
  for (int i = 0; i < spec.info.n_layers; ++i) recurrent.push_back((i + 1) % interval != 0);
  constexpr auto listed = "attention.recurrent_layers";
  if (hparams.is_array(listed)) recurrent = hparams.flags_per_layer(listed, spec.info.n_layers);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    auto& layer = spec.layers[i];
    layer.feed_forward_norm = "post_attention_norm";
    if (!recurrent[i]) {
      attention(layer).gated = true;
    } else {
      layer.mixer = delta;
    }
  }
  return spec;
}

}  // namespace engine
