// Llama, Mistral and Mixtral (arXiv 2302.13971, 2310.06825, 2401.04088).
#include "engine/model/architectures.h"
#include "engine/model/common.h"

#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_llama(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Adjacent);
  if (hparams.integer("expert_count", 0, 0, limits::model_experts_max) > 0) {
    auto experts = read_experts(hparams, spec);
    experts.normalise = true;
    for (auto& layer : spec.layers) layer.feed_forward = experts;
  }
  return spec;
}

// Ministral 3: YaRN whose two scales are both in the file, and queries that grow with the position.
ModelSpec describe_mistral3(Hparams& hparams) {
  auto spec = describe_llama(hparams);
  apply_yarn_multiplier(spec.ropes[0], hparams.number("rope.scaling.yarn_log_multiplier", 0));
  const int original = hparams.integer("rope.scaling.original_context_length",
                                       spec.info.context_trained, 1, limits::model_context_max);
  const float growth = hparams.number("attention.temperature_scale", 0);
  for (auto& layer : spec.layers) {
    attention(layer).growth = {.scale = growth, .floor = original};
  }
  return spec;
}

// SmolLM3: every fourth layer has no rope.
ModelSpec describe_smollm3(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Adjacent);
  for (std::size_t i = 3; i < spec.layers.size(); i += 4) attention(spec.layers[i]).rope = -1;
  return spec;
}

}  // namespace engine
