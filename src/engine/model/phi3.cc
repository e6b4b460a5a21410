// Phi-3 and Phi-4 (arXiv 2404.14219) with the two factor lists of longrope. The file may name a
// sliding window; the models are run without it.
#include "engine/model/architectures.h"
#include "engine/model/common.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_phi3(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  for (auto& layer : spec.layers) {
    dense(layer).fused_up = true;
  }
  return spec;
}

}  // namespace engine
