// Encoders: BERT (arXiv 1810.04805), Jina BERT v2 (2310.19923), Nomic BERT (2402.01613), ModernBERT
// (2412.13663).
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

namespace {

// Norms of the sums, after each block.
void norm_sums(ModelSpec& spec) {
  spec.output_norm = "";
  spec.embedding_norm = "token_embd_norm";
  spec.token_types = true;
  for (auto& layer : spec.layers) {
    layer.mixer_norm = layer.feed_forward_norm = "";
    layer.mixer_sum_norm = "attn_output_norm";
    layer.feed_forward_sum_norm = "layer_output_norm";
    attention(layer).rope = -1;
  }
}

}  // namespace

ModelSpec describe_bert(Hparams& hparams) {
  auto spec = read_encoder(hparams);
  norm_sums(spec);
  spec.position_embedding = true;
  for (auto& layer : spec.layers) {
    dense(layer).gated = false;
    dense(layer).activation = Activation::GeluTanh;
  }
  return spec;
}

ModelSpec describe_jina_bert_v2(Hparams& hparams) {
  auto spec = read_encoder(hparams);
  norm_sums(spec);
  const bool qk_norm = hparams.file().find_tensor("blk.0.attn_q_norm.weight") != nullptr;
  const bool gated = hparams.file().find_tensor("blk.0.ffn_gate.weight") != nullptr;
  for (auto& layer : spec.layers) {
    auto& a = attention(layer);
    a.alibi_bias = hparams.number("attention.max_alibi_bias", 8);
    if (qk_norm) {
      a.qk_norm = QkNorm::Whole;
      a.qk_norm_kind = NormKind::Layer;
    }
    dense(layer).activation = Activation::GeluTanh;
    dense(layer).fused_up = !gated;
  }
  return spec;
}

ModelSpec describe_nomic_bert(Hparams& hparams) {
  auto spec = read_encoder(hparams);
  norm_sums(spec);
  const int n_rotated = hparams.integer("rope.dimension_count", attention(spec.layers[0]).d_key, 2,
                                        limits::model_head_width_max);
  spec.ropes.push_back(
      read_rope(hparams, RopePairing::Halves, hparams.number("rope.freq_base", 10'000), n_rotated));
  spec.rope_divisors.push_back("");
  for (auto& layer : spec.layers) {
    attention(layer).rope = 0;
  }
  return spec;
}

// Pre-norm; the first layer has no norm of its own, for the embedding's was a moment ago.
ModelSpec describe_modern_bert(Hparams& hparams) {
  auto spec = read_encoder(hparams);
  const int d_head = attention(spec.layers[0]).d_key;
  spec.embedding_norm = "token_embd_norm";
  spec.info.rank_pooling = Pooling::Mean;
  spec.rank.gelu = true;
  spec.ropes.push_back(
      read_rope(hparams, RopePairing::Halves, hparams.number("rope.freq_base", 10'000), d_head));
  spec.ropes.push_back(
      plain_rope(RopePairing::Halves, hparams.number("rope.freq_base_swa", 10'000), d_head));
  spec.rope_divisors = {"", ""};
  // Some of its children gate with another function (Granite Embedding R2).
  const bool silu = hparams.text("hidden_activation", "gelu") == "silu";
  const auto activation = silu ? Activation::Silu : Activation::GeluTanh;
  const int window = hparams.integer("attention.sliding_window", 0, 0, limits::model_context_max);
  const auto windowed = windowed_layers(hparams, spec.info.n_layers, 3, /*full_layer_first=*/true);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    auto& layer = spec.layers[i];
    auto& a = attention(layer);
    if (i == 0) layer.mixer_norm = "";
    a.window = windowed[i] ? window : 0;
    a.rope = a.window > 0 ? 1 : 0;
    dense(layer).fused_up = true;
    dense(layer).activation = activation;
  }
  return spec;
}

}  // namespace engine
