// LFM2 (arXiv 2511.23404): short convolutions, and attention in the layers that have kv heads.
#include "engine/model/architectures.h"
#include "engine/model/common.h"

#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_lfm2(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  if (hparams.file().find_tensor("output_norm.weight") == nullptr) {
    spec.output_norm = "token_embd_norm";  // as its first files named it
  }
  const ShortConvSpec conv{.d_conv = hparams.required("shortconv.l_cache", 2, 64)};
  const int window = hparams.integer("attention.sliding_window", 0, 0, limits::model_context_max);
  for (auto& layer : spec.layers) {
    if (attention(layer).n_kv_heads == 0) {
      layer.mixer = conv;
    } else {
      attention(layer).qk_norm = QkNorm::PerHead;
      attention(layer).window = window;
    }
  }
  return spec;
}

ModelSpec describe_lfm2moe(Hparams& hparams) {
  auto spec = describe_lfm2(hparams);
  auto experts = read_experts(hparams, spec);
  experts.normalise = true;
  experts.gating =
      hparams.integer("expert_gating_func", 2, 1, 2) == 2 ? Gating::Sigmoid : Gating::Softmax;
  const int n_dense = hparams.integer("leading_dense_block_count", 0, 0, spec.info.n_layers);
  for (std::size_t i = static_cast<std::size_t>(n_dense); i < spec.layers.size(); ++i) {
    spec.layers[i].feed_forward = experts;
  }
  return spec;
}

}  // namespace engine
