// OLMo 2 and 3 (arXiv 2501.00656): norms after the blocks only; in OLMo 3 most layers are windowed
// and their rope is not scaled.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_olmo2(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  for (auto& layer : spec.layers) {
    layer.mixer_norm = layer.feed_forward_norm = "";
    layer.mixer_post_norm = "post_attention_norm";
    layer.feed_forward_post_norm = "post_ffw_norm";
    attention(layer).qk_norm = QkNorm::Whole;
  }
  const int window = hparams.integer("attention.sliding_window", 0, 0, limits::model_context_max);
  if (window == 0) return spec;

  spec.ropes.push_back(plain_rope(RopePairing::Halves, spec.ropes[0].base,
                                  static_cast<int>(spec.ropes[0].n_rotated)));
  spec.rope_divisors.push_back("");
  const auto windowed = windowed_layers(hparams, spec.info.n_layers, 4);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (!windowed[i]) continue;
    attention(spec.layers[i]).window = window;
    attention(spec.layers[i]).rope = 1;
  }
  return spec;
}

}  // namespace engine
