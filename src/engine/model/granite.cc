// Granite 3 and 4, dense and mixture of experts: a llama with four scales.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

namespace {

void mix_experts(Hparams& hparams, ModelSpec& spec) {
  auto experts = read_experts(hparams, spec);
  experts.normalise = true;
  experts.d_shared = read_shared_width(hparams, spec);
  for (auto& layer : spec.layers) layer.feed_forward = experts;
}

}  // namespace

ModelSpec describe_granite(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Adjacent);
  spec.embedding_scale = hparams.number("embedding_scale", 1);
  spec.residual_scale = hparams.number("residual_scale", 1);
  const float logit_divisor = hparams.number("logit_scale", 1);
  if (spec.embedding_scale == 0) spec.embedding_scale = 1;
  if (spec.residual_scale == 0) spec.residual_scale = 1;
  if (logit_divisor != 0) spec.logit_scale = 1 / logit_divisor;
  // Granite 4 has models without positions, which say so in this way.
  if (!hparams.flag("rope.scaling.finetuned", true)) {
    for (auto& layer : spec.layers) attention(layer).rope = -1;
  }
  if (hparams.integer("expert_count", 0, 0, limits::model_experts_max) > 0) {
    mix_experts(hparams, spec);
  }
  return spec;
}

ModelSpec describe_granitemoe(Hparams& hparams) {
  auto spec = describe_granite(hparams);
  mix_experts(hparams, spec);
  return spec;
}

}  // namespace engine
