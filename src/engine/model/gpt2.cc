// GPT-2 (Radford et al. 2019): learned positions.
#include "engine/model/architectures.h"
#include "engine/model/common.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_gpt2(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves, NormKind::Layer);
  spec.position_embedding = true;
  for (auto& layer : spec.layers) {
    attention(layer).rope = -1;
    dense(layer).gated = false;
    dense(layer).activation = Activation::GeluTanh;
  }
  return spec;
}

}  // namespace engine
