// StarCoder2 (arXiv 2402.19173): layer norms, biases, a plain GELU feed-forward.
#include "engine/model/architectures.h"
#include "engine/model/common.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_starcoder2(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves, NormKind::Layer);
  for (auto& layer : spec.layers) {
    dense(layer).gated = false;
    dense(layer).activation = Activation::GeluTanh;
  }
  return spec;
}

}  // namespace engine
