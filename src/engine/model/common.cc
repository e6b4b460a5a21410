#include "engine/model/common.h"

#include <algorithm>
#include <cmath>

#include "base/limits/model.h"

namespace engine {
namespace {

constexpr int kDepthMax = limits::model_layers_max;
constexpr int kWidthMax = limits::model_width_max;
constexpr int kHeadsMax = limits::model_heads_max;
constexpr int kHeadWidthMax = limits::model_head_width_max;

void read_layers(Hparams& hparams, ModelSpec& spec) {
  const int n_layers = spec.info.n_layers;
  const auto heads =
      hparams.per_layer("attention.head_count", n_layers, std::nullopt, 0, kHeadsMax);
  const int fallback = heads.empty() ? 1 : heads[0];
  const int d_default = heads[0] > 0 ? static_cast<int>(spec.info.d_model) / heads[0] : 1;
  const auto kv_heads =
      hparams.per_layer("attention.head_count_kv", n_layers, fallback, 0, kHeadsMax);
  const auto widths = hparams.per_layer("feed_forward_length", n_layers, 0, 0, kWidthMax * 8);
  for (int i = 0; i < n_layers; ++i) {
    AttentionSpec attention;
    attention.n_heads = heads[i];
    attention.n_kv_heads = kv_heads[i];
    attention.d_key = hparams.integer("attention.key_length", d_default, 1, kHeadWidthMax);
    attention.d_value = hparams.integer("attention.value_length", d_default, 1, kHeadWidthMax);
    attention.scale = hparams.number("attention.scale", 0);
    LayerSpec layer;
    layer.mixer = attention;
    layer.feed_forward = DenseSpec{.d_ff = widths[i]};
    spec.layers.push_back(std::move(layer));
  }
}

const gguf::TensorInfo* find_in_any_layer(Hparams& hparams, int n_layers, const char* name) {
  for (int i = 0; i < n_layers; ++i) {
    const auto full = "blk." + std::to_string(i) + "." + name;
    if (const auto* tensor = hparams.file().find_tensor(full)) return tensor;
  }
  return nullptr;
}

// Factors of single frequencies: one list, or two of which the context's length chooses (longrope).
std::string read_rope_divisors(Hparams& hparams, const ModelInfo& info) {
  if (hparams.file().find_tensor("rope_factors_long.weight") == nullptr) return "rope_freqs";
  const int original = hparams.integer("rope.scaling.original_context_length", info.context_trained,
                                       1, limits::model_context_max);
  const int context =
      hparams.context_tokens() > 0 ? hparams.context_tokens() : info.context_trained;
  return context > original ? "rope_factors_long" : "rope_factors_short";
}

// What other architectures have and decoders here do not: a file that asks for it is refused.
void refuse_variations(Hparams& hparams) {
  for (const char* key : {"attention.clamp_kqv", "attention.max_alibi_bias",
                          "attention.value_scale", "attention.output_scale"}) {
    if (hparams.number(key, 0) != 0) {
      hparams.refuse(hparams.architecture() + "." + key + " is not supported");
    }
  }
}

}  // namespace

ModelSpec read_sizes(Hparams& hparams, int layers_min) {
  ModelSpec spec;
  auto& info = spec.info;
  info.architecture = hparams.architecture();
  info.name = hparams.file().find_or<std::string>("general.name", "").value_or("");
  // The last layers may be a draft head, which guesses further tokens; the model is what is before.
  spec.n_draft_layers = hparams.draft_layers();
  info.n_layers = hparams.required("block_count", layers_min + spec.n_draft_layers, kDepthMax) -
                  spec.n_draft_layers;
  info.d_model = static_cast<std::size_t>(hparams.required("embedding_length", 1, kWidthMax));
  info.context_trained = hparams.required("context_length", 1, limits::model_context_max);
  info.context_tokens = hparams.context_tokens();
  const auto* embedding = hparams.file().find_tensor("token_embd.weight");
  if (embedding == nullptr) {
    hparams.refuse("the tensor token_embd.weight is missing");
  } else if (embedding->shape[1] < 1 || embedding->shape[1] > limits::model_vocabulary_max) {
    hparams.refuse("token_embd.weight has an impossible number of rows");
  } else {
    info.n_vocab = static_cast<std::size_t>(embedding->shape[1]);
  }
  const int pooling = hparams.integer("pooling_type", 0, 0, 4);
  constexpr Pooling kinds[] = {Pooling::None, Pooling::Mean, Pooling::Cls, Pooling::Last,
                               Pooling::Rank};
  info.pooling = kinds[pooling];
  info.labels = hparams.texts("classifier.output_labels");
  return spec;
}

AttentionSpec& attention(LayerSpec& layer) {
  return std::get<AttentionSpec>(layer.mixer);
}
const AttentionSpec& attention(const LayerSpec& layer) {
  return std::get<AttentionSpec>(layer.mixer);
}
DenseSpec& dense(LayerSpec& layer) {
  return std::get<DenseSpec>(layer.feed_forward);
}

ModelSpec read_decoder(Hparams& hparams, compute::RopePairing pairing, NormKind norm) {
  auto spec = read_sizes(hparams);
  read_layers(hparams, spec);
  spec.norm = norm;
  spec.norm_epsilon = hparams.required_float(
      norm == NormKind::Rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon");
  const int n_rotated = attention(spec.layers[0]).d_key;
  spec.ropes.push_back(
      read_rope(hparams, pairing, hparams.number("rope.freq_base", 10'000),
                hparams.integer("rope.dimension_count", n_rotated, 2, kHeadWidthMax)));
  spec.rope_divisors.push_back(read_rope_divisors(hparams, spec.info));
  // Decoders trained further into embedding models see both sides.
  spec.causal = hparams.flag("attention.causal", true);
  if (!spec.causal) spec.info.generates = false;
  refuse_variations(hparams);
  return spec;
}

ModelSpec read_encoder(Hparams& hparams) {
  auto spec = read_sizes(hparams);
  read_layers(hparams, spec);
  spec.norm = NormKind::Layer;
  spec.norm_epsilon = hparams.required_float("attention.layer_norm_epsilon");
  spec.causal = hparams.flag("attention.causal", false);
  spec.info.generates = false;
  return spec;
}

compute::RopeOptions plain_rope(compute::RopePairing pairing, float base, int n_rotated) {
  compute::RopeOptions rope;
  rope.n_rotated = static_cast<std::size_t>(n_rotated / 2 * 2);
  rope.base = base;
  rope.pairing = pairing;
  return rope;
}

compute::RopeOptions read_rope(Hparams& hparams, compute::RopePairing pairing, float base,
                               int n_rotated) {
  auto rope = plain_rope(pairing, base, n_rotated);
  if (!(base > 1)) hparams.refuse("rope.freq_base must be above 1");
  const auto type = hparams.text("rope.scaling.type", "linear");
  if (type != "none" && type != "linear" && type != "yarn" && type != "longrope") {
    hparams.refuse("rope.scaling.type is '" + type + "', known are none, linear, yarn, longrope");
  }
  const float legacy = hparams.number("rope.scale_linear", 1);
  const float factor = hparams.number("rope.scaling.factor", legacy);
  rope.attention_factor = hparams.number("rope.scaling.attn_factor", 1);
  if (type == "none") return rope;
  if (factor > 0) rope.frequency_scale = 1 / factor;
  if (type != "yarn") return rope;

  const float extension = hparams.number("rope.scaling.yarn_ext_factor", -1);
  rope.extension_factor = extension < 0 ? 1 : extension;
  rope.beta_fast = hparams.number("rope.scaling.yarn_beta_fast", 32);
  rope.beta_slow = hparams.number("rope.scaling.yarn_beta_slow", 1);
  rope.original_context = static_cast<std::size_t>(
      hparams.integer("rope.scaling.original_context_length",
                      hparams.required("context_length", 1, limits::model_context_max), 1,
                      limits::model_context_max));
  return rope;
}

void apply_yarn_multiplier(compute::RopeOptions& rope, float multiplier, bool same_for_both) {
  if (rope.extension_factor == 0 || multiplier == 0) return;
  const float stretch = std::max(0.0f, -std::log(rope.frequency_scale));
  const auto sharpness = [&](float m) { return 1 + 0.1f * m * stretch; };
  const float wanted = sharpness(same_for_both ? multiplier : 1) / sharpness(multiplier);
  rope.attention_factor *= wanted / sharpness(1);  // Rope multiplies by sharpness(1) itself
}

int add_window_rope(Hparams& hparams, ModelSpec& spec, compute::RopeOptions otherwise) {
  otherwise.base = hparams.number("rope.freq_base_swa", otherwise.base);
  spec.ropes.push_back(otherwise);
  spec.rope_divisors.push_back("");
  return static_cast<int>(spec.ropes.size()) - 1;
}

bool read_rope_sections(Hparams& hparams, std::size_t n_rotated, bool interleaved) {
  auto sections = hparams.integers("rope.dimension_sections");
  sections.resize(4);
  if (std::ranges::any_of(sections, [](std::int64_t n) { return n < 0; })) {
    hparams.refuse("rope.dimension_sections has a negative number");
  }
  const auto in = [&](std::int64_t pair, std::size_t section) {
    return pair < 3 * sections[section];
  };
  const std::int64_t total = sections[0] + sections[1] + sections[2] + sections[3];
  if (total <= 0 || (!interleaved && (sections[0] == 0 || sections[1] == 0))) return false;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(n_rotated) / 2; ++i) {
    const auto pair = i % total;
    const bool placed =
        interleaved ? in(pair, static_cast<std::size_t>(pair % 3)) : pair < total - sections[3];
    if (!placed) hparams.refuse("rope.dimension_sections leaves pairs without a position");
  }
  return true;
}

std::vector<bool> windowed_layers(Hparams& hparams, int n_layers, int period_otherwise,
                                  bool full_layer_first) {
  constexpr auto key = "attention.sliding_window_pattern";
  if (hparams.is_array(key)) return hparams.flags_per_layer(key, n_layers);
  const int period = hparams.integer(key, period_otherwise, 0, kDepthMax);
  std::vector<bool> windowed;
  for (int i = 0; i < n_layers; ++i) {
    const int full = full_layer_first ? 0 : period - 1;
    windowed.push_back(period == 0 || i % period != full);
  }
  return windowed;
}

ExpertsSpec read_experts(Hparams& hparams, const ModelSpec& spec) {
  ExpertsSpec experts;
  experts.n_experts = hparams.required("expert_count", 1, limits::model_experts_max);
  experts.n_used = hparams.required("expert_used_count", 1, experts.n_experts);
  // Older files leave the width to the matrices.
  const auto* up = find_in_any_layer(hparams, spec.info.n_layers, "ffn_up_exps.weight");
  const int d_ff =
      up != nullptr ? static_cast<int>(std::clamp<std::int64_t>(up->shape[1], 1, kWidthMax)) : 1;
  experts.d_ff = hparams.integer("expert_feed_forward_length", d_ff, 1, kWidthMax * 8);
  experts.weight_scale = hparams.number("expert_weights_scale", 1);
  if (experts.weight_scale == 0) experts.weight_scale = 1;  // as some files say "none"
  return experts;
}

int read_shared_width(Hparams& hparams, const ModelSpec& spec) {
  const auto* up = find_in_any_layer(hparams, spec.info.n_layers, "ffn_up_shexp.weight");
  if (up == nullptr) return 0;
  const auto width = static_cast<int>(std::clamp<std::int64_t>(up->shape[1], 1, kWidthMax));
  return hparams.integer("expert_shared_feed_forward_length", width, 0, 8 * kWidthMax);
}

}  // namespace engine
