// GLM-4 (arXiv 2406.12793): norms on both sides, rope on half of each head.
#include "engine/model/architectures.h"
#include "engine/model/common.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_glm4(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Adjacent);
  auto& rope = spec.ropes[0];
  // GLM-4.1V
  if (read_rope_sections(hparams, rope.n_rotated, false)) rope.pairing = RopePairing::Halves;
  for (auto& layer : spec.layers) {
    layer.mixer_post_norm = "post_attention_norm";
    layer.feed_forward_post_norm = "post_ffw_norm";
    dense(layer).fused_up = true;
  }
  return spec;
}

}  // namespace engine
