// Gemma 2, 3 and EmbeddingGemma (arXiv 2408.00118, 2503.19786).
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include <cmath>

#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

namespace {

// What the generations share: a scaled embedding, norms on both sides of a block, a GELU gate.
struct Defaults {
  float logit_softcap = 0;
  int window = 0;
};
void shape_layers(Hparams& hparams, ModelSpec& spec, const std::vector<bool>& windowed,
                  const Defaults& defaults) {
  spec.logit_softcap = hparams.number("final_logit_softcapping", defaults.logit_softcap);
  const int window =
      hparams.integer("attention.sliding_window", defaults.window, 0, limits::model_context_max);
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.info.d_model));
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    auto& layer = spec.layers[i];
    layer.mixer_post_norm = "post_attention_norm";
    layer.feed_forward_post_norm = "post_ffw_norm";
    dense(layer).activation = Activation::GeluTanh;
    if (windowed[i]) attention(layer).window = window;
  }
}

// The 27B models divide by the width per head of the model, not by that of a head.
void scale_by_model_width(ModelSpec& spec) {
  for (auto& layer : spec.layers) {
    auto& a = attention(layer);
    a.scale = std::sqrt(static_cast<float>(a.n_heads) / static_cast<float>(spec.info.d_model));
  }
}

void rotate_windows_by(int rope, ModelSpec& spec) {
  for (auto& layer : spec.layers) attention(layer).rope = attention(layer).window > 0 ? rope : 0;
}

}  // namespace

ModelSpec describe_gemma2(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  shape_layers(hparams, spec, windowed_layers(hparams, spec.info.n_layers, 2),
               {.logit_softcap = 30, .window = 4'096});
  const float softcap = hparams.number("attn_logit_softcapping", 50);
  for (auto& layer : spec.layers) attention(layer).softcap = softcap;
  rotate_windows_by(add_window_rope(hparams, spec, spec.ropes[0]), spec);
  if (spec.info.n_layers == 46) scale_by_model_width(spec);
  return spec;
}

ModelSpec describe_gemma3(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  shape_layers(hparams, spec, windowed_layers(hparams, spec.info.n_layers, 6), {});
  for (auto& layer : spec.layers) attention(layer).qk_norm = QkNorm::PerHead;
  // Windowed layers rotate with a base of their own and are not stretched.
  auto rope = plain_rope(RopePairing::Halves, 10'000, static_cast<int>(spec.ropes[0].n_rotated));
  rope.attention_factor = spec.ropes[0].attention_factor;
  rotate_windows_by(add_window_rope(hparams, spec, rope), spec);
  if (spec.info.n_layers == 62) scale_by_model_width(spec);
  return spec;
}

ModelSpec describe_gemma_embedding(Hparams& hparams) {
  auto spec = describe_gemma3(hparams);
  spec.causal = false;
  spec.info.generates = false;
  return spec;
}

}  // namespace engine
