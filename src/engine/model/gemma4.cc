// Gemma 4: head sizes that differ by layer, layers that share keys and values, embeddings per
// layer.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include <cmath>

#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

namespace {

// The last layers have no keys and values of their own: they use those of the last layer of their
// kind, windowed or not, that has.
void share_keys_and_values(Hparams& hparams, ModelSpec& spec) {
  const int n_layers = spec.info.n_layers;
  const int shared = hparams.integer("attention.shared_kv_layers", 0, 0, n_layers - 1);
  for (int i = n_layers - shared; i < n_layers; ++i) {
    auto& a = attention(spec.layers[static_cast<std::size_t>(i)]);
    int source = n_layers - shared - 1;
    while (source >= 0 && (attention(spec.layers[static_cast<std::size_t>(source)]).window > 0) !=
                              (a.window > 0)) {
      --source;
    }
    if (source < 0) hparams.refuse("no layer has the keys and values that the last layers share");
    a.shared_layer = source;
  }
}

void add_experts(Hparams& hparams, ModelSpec& spec) {
  auto experts = read_experts(hparams, spec);
  experts.normalise = true;
  experts.weight_scale = 1;
  experts.activation = Activation::GeluTanh;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto router = "blk." + std::to_string(i) + ".ffn_gate_inp.weight";
    if (hparams.file().find_tensor(router) == nullptr) continue;
    auto& layer = spec.layers[i];
    layer.feed_forward_norm = "";
    layer.feed_forward = DenseAndExpertsSpec{.dense = dense(layer), .experts = experts};
  }
}

}  // namespace

ModelSpec describe_gemma4(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  const int n_layers = spec.info.n_layers;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.info.d_model));
  spec.logit_softcap = hparams.number("final_logit_softcapping", 30);
  spec.layer_output_scale = true;
  spec.d_per_layer =
      hparams.integer("embedding_length_per_layer_input", 0, 0, limits::model_width_max);

  const auto windowed = windowed_layers(hparams, n_layers, 6);
  const int window = hparams.required("attention.sliding_window", 1, limits::model_context_max);
  const int d_head = attention(spec.layers[0]).d_key;
  const int d_window =
      hparams.integer("attention.key_length_swa", d_head, 1, limits::model_head_width_max);
  const int d_window_value =
      hparams.integer("attention.value_length_swa", d_window, 1, limits::model_head_width_max);
  spec.ropes.push_back(plain_rope(
      RopePairing::Halves, hparams.number("rope.freq_base_swa", 10'000),
      hparams.integer("rope.dimension_count_swa", d_window, 2, limits::model_head_width_max)));
  spec.rope_divisors.push_back("");
  for (int i = 0; i < n_layers; ++i) {
    auto& layer = spec.layers[static_cast<std::size_t>(i)];
    layer.mixer_post_norm = "post_attention_norm";
    layer.feed_forward_post_norm = "post_ffw_norm";
    dense(layer).activation = Activation::GeluTanh;
    auto& a = attention(layer);
    a.scale = 1;
    a.qk_norm = QkNorm::PerHead;
    a.value_norm = true;
    if (windowed[static_cast<std::size_t>(i)]) {
      a.window = window;
      a.rope = 1;
      a.d_key = d_window;
      a.d_value = d_window_value;
    }
    const auto value = "blk." + std::to_string(i) + ".attn_v.weight";
    a.value_from_key = hparams.file().find_tensor(value) == nullptr;
  }
  share_keys_and_values(hparams, spec);
  if (hparams.integer("expert_count", 0, 0, limits::model_experts_max) > 0)
    add_experts(hparams, spec);
  return spec;
}

}  // namespace engine
