// Command R and Command R7B (Cohere 2): attention and feed-forward side by side after one norm.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

namespace {

ModelSpec read_cohere(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Adjacent, NormKind::Layer);
  spec.parallel = true;
  spec.logit_scale = hparams.number("logit_scale", 1);
  return spec;
}

}  // namespace

// The largest model normalises queries and keys head by head.
ModelSpec describe_command_r(Hparams& hparams) {
  auto spec = read_cohere(hparams);
  if (hparams.file().find_tensor("blk.0.attn_q_norm.weight") == nullptr) return spec;
  for (auto& layer : spec.layers) {
    attention(layer).qk_norm = QkNorm::PerHead;
    attention(layer).qk_norm_kind = NormKind::Layer;
  }
  return spec;
}

// Three windowed layers with rope, then one that sees everything and has none.
ModelSpec describe_cohere2(Hparams& hparams) {
  auto spec = read_cohere(hparams);
  const int window = hparams.required("attention.sliding_window", 1, limits::model_context_max);
  const auto windowed = windowed_layers(hparams, spec.info.n_layers, 4);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    auto& a = attention(spec.layers[i]);
    a.rope = windowed[i] ? 0 : -1;
    a.window = windowed[i] ? window : 0;
  }
  return spec;
}

}  // namespace engine
