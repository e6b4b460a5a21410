// Phi-3 and Phi-4 (arXiv 2404.14219) with the two factor lists of longrope. The file may name a
// sliding window; the models are run without it.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_phi3(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  for (auto& layer : spec.layers) {
    attention(layer).fused_qkv = true;
    dense(layer).fused_up = true;
  }
  const int original = hparams.integer("rope.scaling.original_context_length",
                                       spec.info.context_trained, 1, limits::model_context_max);
  if (hparams.file().find_tensor("rope_factors_long.weight") != nullptr) {
    const int context =
        hparams.context_tokens() > 0 ? hparams.context_tokens() : spec.info.context_trained;
    spec.rope_divisors[0] = context > original ? "rope_factors_long" : "rope_factors_short";
  }
  return spec;
}

}  // namespace engine
