// DeepSeek V2, V3 and R1 (arXiv 2405.04434, 2412.19437): latent attention, many small experts.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include <algorithm>
#include <cmath>

#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

namespace {

ExpertsSpec read_deepseek_experts(Hparams& hparams, const ModelSpec& spec) {
  auto experts = read_experts(hparams, spec);
  const int n_shared = hparams.integer("expert_shared_count", 0, 0, limits::model_experts_max);
  experts.d_shared = n_shared * experts.d_ff;
  experts.normalise = hparams.flag("expert_weights_norm", false);
  // Files older than the key are V2's, or GLM 4.7 Flash, which is known by its vocabulary.
  const bool glm =
      spec.info.n_vocab == 154'880 && (spec.info.n_layers == 47 || spec.info.n_layers == 48);
  int gating = hparams.integer("expert_gating_func", 0, 0, 3);
  if (gating == 0 && glm) gating = 2;
  experts.gating = gating == 2   ? Gating::Sigmoid
                   : gating == 3 ? Gating::SoftmaxOfChosen
                                 : Gating::Softmax;
  experts.n_groups = hparams.integer("expert_group_count", 1, 0, experts.n_experts);
  experts.n_groups_used = hparams.integer("expert_group_used_count", 1, 0, experts.n_experts);
  if (experts.n_groups > 1 &&
      (experts.n_experts % experts.n_groups != 0 || experts.n_groups_used < 1 ||
       experts.n_groups_used > experts.n_groups)) {
    hparams.refuse("the expert groups do not fit the experts");
  }
  return experts;
}

}  // namespace

ModelSpec describe_deepseek2(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Adjacent);
  const int n_layers = spec.info.n_layers;
  constexpr int kWidth = limits::model_head_width_max;
  MlaSpec mla;
  mla.n_heads = attention(spec.layers[0]).n_heads;
  // The small models project queries by one matrix.
  mla.q_rank = hparams.integer("attention.q_lora_rank", 0, 0, limits::model_width_max);
  if (hparams.file().find_tensor("blk.0.attn_q.weight") != nullptr) mla.q_rank = 0;
  mla.growth.scale = hparams.number("attention.temperature_scale", 0);  // Mistral Large 3
  if (mla.growth.scale != 0) {
    mla.growth.floor =
        hparams.required("attention.temperature_length", 1, limits::model_context_max);
  }
  mla.kv_rank = hparams.required("attention.kv_lora_rank", 1, kWidth);
  mla.d_rope = hparams.required("rope.dimension_count", 2, kWidth);
  // Files with separate key and value matrices give the sizes of a real head in keys of their own;
  // in older ones key_length itself is that.
  const int d_key =
      hparams.integer("attention.key_length_mla",
                      hparams.required("attention.key_length", 1, 2 * kWidth), 1, 2 * kWidth);
  mla.d_value = hparams.integer("attention.value_length_mla",
                                hparams.required("attention.value_length", 1, kWidth), 1, kWidth);
  mla.d_nope = d_key - mla.d_rope;
  if (mla.d_nope < 1) hparams.refuse("attention.key_length_mla must exceed rope.dimension_count");

  // The file holds a tenth of the paper's multiplier. Scores are sharpened by its square; where the
  // file has none, by the rope's own sharpness.
  const float multiplier = 10 * hparams.number("rope.scaling.yarn_log_multiplier", 0);
  const float stretch = std::max(0.0f, -std::log(spec.ropes[0].frequency_scale));
  const float sharpness =
      spec.ropes[0].attention_factor * (1 + 0.1f * (multiplier == 0 ? 1 : multiplier) * stretch);
  const bool yarn = spec.ropes[0].extension_factor != 0;
  mla.scale = (yarn ? sharpness * sharpness : 1) / std::sqrt(static_cast<float>(d_key));
  // Where query and key share one multiplier, the rope itself must not scale by it too.
  apply_yarn_multiplier(spec.ropes[0], multiplier, /*same_for_both=*/multiplier != 1);

  const int n_dense = hparams.integer("leading_dense_block_count", 0, 0, n_layers);
  const auto experts = n_dense < n_layers ? read_deepseek_experts(hparams, spec) : ExpertsSpec{};
  for (int i = 0; i < n_layers; ++i) {
    auto& layer = spec.layers[static_cast<std::size_t>(i)];
    layer.mixer = mla;
    if (i >= n_dense) layer.feed_forward = experts;
  }
  return spec;
}

}  // namespace engine
