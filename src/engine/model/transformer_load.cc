// The loading half of Transformer: tensors, ropes, adapters.
#include <fmt/format.h>

#include <algorithm>

#include "engine/model/transformer.h"
#include "engine/size.h"

namespace engine {
namespace {

// The places in the cache of every layer's keys and values; layers that share have the same.
std::vector<std::size_t> kv_places(const ModelSpec& spec) {
  std::vector<std::size_t> places;
  std::size_t next = 0;
  for (const auto& layer : spec.layers) {
    const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
    if (attention != nullptr && attention->shared_layer >= 0) {
      places.push_back(places[size(attention->shared_layer)]);
    } else {
      places.push_back(next);
      if (attention != nullptr || std::holds_alternative<MlaSpec>(layer.mixer)) ++next;
    }
  }
  return places;
}

std::size_t state_of(const LayerSpec& layer, std::size_t d_model) {
  if (const auto* mamba = std::get_if<MambaSpec>(&layer.mixer)) {
    return MambaBlock::state_floats(*mamba);
  }
  if (const auto* delta = std::get_if<DeltaNetSpec>(&layer.mixer)) {
    return DeltaNetBlock::state_floats(*delta);
  }
  if (const auto* conv = std::get_if<ShortConvSpec>(&layer.mixer)) {
    return ShortConvBlock::state_floats(*conv, d_model);
  }
  return 0;
}

Status check_attention(const ModelSpec& spec, std::size_t index) {
  const auto* a = std::get_if<AttentionSpec>(&spec.layers[index].mixer);
  if (a == nullptr) return {};
  const auto refuse = [&](const char* what) {
    return fail(ErrorCode::CorruptData, fmt::format("attention of layer {}: {}", index, what));
  };
  if (a->n_heads < 1 || a->n_kv_heads < 1) return refuse("there are no heads");
  if (a->n_heads % a->n_kv_heads != 0) return refuse("kv heads do not divide the heads");
  if (a->d_key < 1 || a->d_value < 1) return refuse("heads have no width");
  if (a->value_from_key && a->d_key != a->d_value) return refuse("keys cannot serve as values");
  if (a->gated && a->d_key != a->d_value) return refuse("the gate does not fit the output");
  if (a->rope >= 0 && spec.ropes[size(a->rope)].n_rotated > size(a->d_key)) {
    return refuse("the rope is wider than a head");
  }
  if (a->shared_layer >= 0) {
    const auto* source = std::get_if<AttentionSpec>(&spec.layers[size(a->shared_layer)].mixer);
    const bool fits = source != nullptr && source->n_kv_heads == a->n_kv_heads &&
                      source->d_key == a->d_key && source->d_value == a->d_value;
    if (!fits) return refuse("shared keys and values have another shape");
  }
  return {};
}

}  // namespace

std::vector<KvLayer> kv_layers_of(const ModelSpec& spec) {
  std::vector<KvLayer> layers;
  for (const auto& layer : spec.layers) {
    if (const auto* a = std::get_if<AttentionSpec>(&layer.mixer)) {
      if (a->shared_layer >= 0) continue;
      layers.push_back({.n_heads = a->n_kv_heads,
                        .d_key = a->d_key,
                        .d_value = a->d_value,
                        .window = spec.causal ? a->window : 0});
    } else if (const auto* mla = std::get_if<MlaSpec>(&layer.mixer)) {
      layers.push_back({.n_heads = 1,
                        .d_key = mla->kv_rank + mla->d_rope,
                        .d_value = mla->kv_rank,
                        .d_shared = mla->kv_rank});
    }
  }
  return layers;
}

std::size_t state_floats_of(const ModelSpec& spec) {
  std::size_t floats = 0;
  for (const auto& layer : spec.layers) floats += state_of(layer, spec.info.d_model);
  return floats;
}

Transformer::Transformer(ModelSpec spec, const gguf::File& file, compute::Pool& pool)
    : spec_(std::move(spec)), file_(file), pool_(pool) {
  spec_.info.causal = spec_.causal;
  kv_layers_ = kv_layers_of(spec_);
  state_floats_ = state_floats_of(spec_);
}

Result<std::unique_ptr<Model>> Transformer::load(ModelSpec spec, const gguf::File& file,
                                                 compute::Pool& pool) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (auto status = check_attention(spec, i); !status) return fail(status.error());
  }
  auto model = std::unique_ptr<Transformer>(new Transformer(std::move(spec), file, pool));
  if (auto status = model->load_tensors(); !status) return fail(status.error());
  return model;
}

Status Transformer::load_tensors() {
  TensorLoader loader(file_, pool_, spec_.norm);
  if (auto status = load_ropes(loader); !status) return status;
  load_embeddings(loader);
  for (std::size_t i = 0; i < spec_.layers.size() && loader.status(); ++i) {
    layers_.push_back(load_layer(loader, i));
  }
  loader.leave_layers();
  lora_sites_ = loader.lora_sites();  // without the head's: it sees only some of the rows
  load_head(loader);
  loader.refuse_unused(spec_.info.n_layers, spec_.n_draft_layers);
  for (const auto& tensor : file_.tensors()) spec_.info.parameters += tensor.n_elements;
  return loader.status();
}

Status Transformer::load_ropes(TensorLoader& loader) {
  rope_divisors_.resize(spec_.ropes.size());
  for (std::size_t i = 0; i < spec_.ropes.size(); ++i) {
    auto& options = spec_.ropes[i];
    const auto& name = spec_.rope_divisors[i];
    if (!name.empty()) {
      // One for each pair of a head, of which only the first may rotate.
      const auto* tensor = loader.find_tensor(name + ".weight");
      const std::size_t n_pairs = options.n_rotated / 2;
      const std::size_t n = tensor == nullptr ? 0 : std::max(n_pairs, tensor->n_elements);
      rope_divisors_[i] = loader.optional_floats(name + ".weight", n);
      options.frequency_divisors = rope_divisors_[i];
    }
    for (const float divisor : rope_divisors_[i]) {
      if (!(divisor > 0))
        return fail(ErrorCode::CorruptData, name + " has a factor that is not positive");
    }
    if (auto status = loader.status(); !status) return status;
    ropes_.emplace_back(options);
  }
  angles_.resize(ropes_.size());
  return {};
}

void Transformer::load_embeddings(TensorLoader& loader) {
  const std::size_t d_model = spec_.info.d_model, n_vocab = spec_.info.n_vocab;
  const bool tied = spec_.info.generates && !loader.has("output.weight");
  token_embedding_ = loader.matrix("token_embd.weight", d_model, n_vocab, /*lookup_only=*/!tied);
  if (spec_.position_embedding) {
    // Sequences cannot be longer than the table.
    const auto* table = loader.find_tensor("position_embd.weight");
    const auto n = table != nullptr && table->shape[1] > 0
                       ? static_cast<std::size_t>(table->shape[1])
                       : std::size_t{1};
    position_embedding_ = loader.matrix("position_embd.weight", d_model, n, true);
    spec_.info.context_trained = std::min(spec_.info.context_trained, static_cast<int>(n));
  }
  if (spec_.token_types && loader.has("token_types.weight")) {
    const auto* table = loader.find_tensor("token_types.weight");
    token_type_ = loader.floats("token_types.weight", table->n_elements);
    token_type_.resize(std::min(token_type_.size(), d_model));
    token_type_.resize(d_model);
  }
  embedding_norm_ = loader.norm(spec_.embedding_norm, d_model);
  if (spec_.d_per_layer > 0) {
    const auto d = size(spec_.d_per_layer), all = d * spec_.layers.size();
    per_layer_embedding_ = loader.matrix("per_layer_token_embd.weight", all, n_vocab, true);
    per_layer_projection_ = loader.linear("per_layer_model_proj", d_model, all);
    per_layer_projection_norm_ = loader.norm("per_layer_proj_norm", d);
  }
}

Transformer::Layer Transformer::load_layer(TensorLoader& loader, std::size_t index) {
  const auto& spec = spec_.layers[index];
  const std::size_t d_model = spec_.info.d_model;
  const std::size_t kv_layer = kv_places(spec_)[index];
  std::size_t state = 0;
  for (std::size_t i = 0; i < index; ++i) state += state_of(spec_.layers[i], d_model);
  loader.enter_layer(static_cast<int>(index));

  using Mixer = decltype(Layer::mixer);
  using FeedForward = decltype(Layer::feed_forward);
  struct MakeMixer {
    TensorLoader& loader;
    std::size_t d_model, kv_layer, state;
    bool causal;
    Mixer operator()(const AttentionSpec& s) const {
      return AttentionBlock(loader, s, d_model, kv_layer, causal);
    }
    Mixer operator()(const MlaSpec& s) const { return MlaBlock(loader, s, d_model, kv_layer); }
    Mixer operator()(const MambaSpec& s) const { return MambaBlock(loader, s, d_model, state); }
    Mixer operator()(const DeltaNetSpec& s) const {
      return DeltaNetBlock(loader, s, d_model, state);
    }
    Mixer operator()(const ShortConvSpec& s) const {
      return ShortConvBlock(loader, s, d_model, state);
    }
  };
  struct MakeFeedForward {
    TensorLoader& loader;
    std::size_t d_model;
    FeedForward operator()(std::monostate) const { return std::monostate(); }
    FeedForward operator()(const DenseSpec& s) const { return DenseBlock(loader, s, d_model); }
    FeedForward operator()(const ExpertsSpec& s) const { return ExpertsBlock(loader, s, d_model); }
    FeedForward operator()(const DenseAndExpertsSpec& s) const {
      return DenseAndExpertsBlock(loader, s, d_model);
    }
  };
  const bool feeds = !std::holds_alternative<std::monostate>(spec.feed_forward);
  const auto feed_norm = [&](const std::string& name) {
    return feeds && !spec_.parallel ? loader.norm(name, d_model) : Norm();
  };
  Layer layer{
      .mixer = std::visit(MakeMixer{loader, d_model, kv_layer, state, spec_.causal}, spec.mixer),
      .feed_forward = std::visit(MakeFeedForward{loader, d_model}, spec.feed_forward),
      .mixer_norm = loader.norm(spec.mixer_norm, d_model),
      .mixer_post_norm = loader.norm(spec.mixer_post_norm, d_model),
      .mixer_sum_norm = loader.norm(spec.mixer_sum_norm, d_model),
      .feed_forward_norm = feed_norm(spec.feed_forward_norm),
      .feed_forward_post_norm = feed_norm(spec.feed_forward_post_norm),
      .feed_forward_sum_norm = feed_norm(spec.feed_forward_sum_norm),
      .output_scale = 1,
      .per_layer_gate = {},
      .per_layer_out = {},
      .per_layer_norm = {}};
  if (spec_.layer_output_scale && loader.has("layer_output_scale.weight")) {
    const auto scale = loader.floats("layer_output_scale.weight", 1);
    if (!scale.empty()) layer.output_scale = scale[0];
  }
  if (spec_.d_per_layer > 0) {
    const auto d = size(spec_.d_per_layer);
    layer.per_layer_gate = loader.linear("inp_gate", d_model, d);
    layer.per_layer_out = loader.linear("proj", d, d_model);
    layer.per_layer_norm = loader.norm("post_norm", d_model);
  }
  return layer;
}

void Transformer::load_head(TensorLoader& loader) {
  const std::size_t d_model = spec_.info.d_model;
  output_norm_ = loader.norm(spec_.output_norm, d_model);
  if (spec_.info.generates) {
    head_ = loader.optional_linear("output", d_model, spec_.info.n_vocab);
  }
  const auto rows_of = [&](const char* name) {
    const auto* tensor = loader.find_tensor(name);
    return static_cast<std::size_t>(
        tensor == nullptr ? 1 : std::max<std::int64_t>(1, tensor->shape[1]));
  };
  if (!spec_.info.generates && spec_.info.pooling != Pooling::Rank) {
    // The dense modules of Sentence Transformers (EmbeddingGemma).
    const bool both = loader.has("dense_2.weight") && loader.has("dense_3.weight");
    const std::size_t d_between = both ? rows_of("dense_2.weight") : d_model;
    pooled_up_ = loader.optional_linear("dense_2", d_model, d_between);
    pooled_down_ = loader.optional_linear("dense_3", d_between, d_model);
  }
  if (spec_.info.pooling != Pooling::Rank) return;
  std::size_t d_dense = d_model;
  if (loader.has("cls.weight")) {
    d_dense = rows_of("cls.weight");
    classifier_ = loader.linear("cls", d_model, d_dense);
    if (loader.has("cls.norm.weight")) {
      classifier_norm_ = loader.norm("cls.norm", d_dense, NormKind::Layer);
    }
  }
  classifier_out_ = loader.optional_linear("cls.output", d_dense, rows_of("cls.output.weight"));
}

}  // namespace engine
