// gpt-oss (arXiv 2508.10925): attention sinks, every other layer windowed, clamped experts.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_gpt_oss(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  auto experts = read_experts(hparams, spec);
  experts.gating = Gating::SoftmaxOfChosen;
  experts.clamped = true;
  const int window = hparams.required("attention.sliding_window", 0, limits::model_context_max);
  const auto windowed = windowed_layers(hparams, spec.info.n_layers, 2);
  const int window_rope = add_window_rope(hparams, spec, spec.ropes[0]);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    auto& layer = spec.layers[i];
    if (windowed[i]) {
      attention(layer).window = window;
      attention(layer).rope = window_rope;
    }
    layer.feed_forward_norm = "post_attention_norm";
    layer.feed_forward = experts;
  }
  return spec;
}

}  // namespace engine
