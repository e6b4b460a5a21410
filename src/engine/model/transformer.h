// Runs a model by its description: embedding, layers of a mixer and a feed-forward, last norm,
// head.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "engine/model/blocks/attention.h"
#include "engine/model/blocks/feed_forward.h"
#include "engine/model/blocks/mla.h"
#include "engine/model/blocks/recurrent.h"
#include "engine/model/loader.h"
#include "engine/model/model.h"
#include "engine/model/spec.h"

namespace engine {

// What the attention layers of a model store, in the order of its layers.
std::vector<KvLayer> kv_layers_of(const ModelSpec& spec);
// Floats of recurrent state per sequence.
std::size_t state_floats_of(const ModelSpec& spec);

class Transformer final : public Model {
 public:
  // `file` and `pool` must outlive it.
  static Result<std::unique_ptr<Model>> load(ModelSpec spec, const gguf::File& file,
                                             compute::Pool& pool);

  const ModelInfo& info() const override { return spec_.info; }
  const std::vector<KvLayer>& kv_layers() const override { return kv_layers_; }
  std::size_t state_floats() const override { return state_floats_; }
  compute::Tensor logits(const Batch& batch, const KvCache& cache, StatePool& states) override;
  compute::Tensor hidden(const Batch& batch, const KvCache& cache, StatePool& states) override;
  std::vector<float> project(std::vector<float> pooled) override;
  std::vector<float> scores(std::span<const float> pooled) override;
  Result<int> add_adapter(const std::string& path) override;

 private:
  struct Layer {
    std::variant<AttentionBlock, MlaBlock, MambaBlock, DeltaNetBlock, ShortConvBlock> mixer;
    std::variant<std::monostate, DenseBlock, ExpertsBlock, DenseAndExpertsBlock> feed_forward;
    Norm mixer_norm, mixer_post_norm, mixer_sum_norm;
    Norm feed_forward_norm, feed_forward_post_norm, feed_forward_sum_norm;
    float output_scale = 1;
    // Per-layer embeddings.
    Linear per_layer_gate, per_layer_out;
    Norm per_layer_norm;
  };

  Transformer(ModelSpec spec, const gguf::File& file, compute::Pool& pool);
  Status load_tensors();
  Status load_ropes(TensorLoader& loader);
  void load_embeddings(TensorLoader& loader);
  Layer load_layer(TensorLoader& loader, std::size_t index);
  void load_head(TensorLoader& loader);

  compute::Tensor run(const Batch& batch, Step& step);
  void embed(const Batch& batch, compute::Tensor x, Step& step) const;
  compute::Tensor embed_per_layer(const Batch& batch, compute::ConstTensor x, Step& step) const;
  void run_layer(const Layer& layer, compute::Tensor x, compute::Tensor out, Step& step,
                 Step& out_step) const;
  void add_per_layer(const Layer& layer, std::size_t index, compute::Tensor x,
                     compute::ConstTensor inputs, Step& step) const;
  std::vector<float> apply_to_vector(const Linear& linear, std::span<const float> x);
  Step begin_step(const Batch& batch, const KvCache& cache, StatePool& states);

  ModelSpec spec_;
  const gguf::File& file_;
  compute::Pool& pool_;
  std::vector<KvLayer> kv_layers_;
  std::size_t state_floats_ = 0;
  std::vector<std::vector<float>> rope_divisors_;
  std::vector<compute::Rope> ropes_;
  std::vector<compute::RopeAngles> angles_;

  compute::Weight token_embedding_;     // [n_vocab, d_model]
  compute::Weight position_embedding_;  // [n_positions, d_model]
  std::vector<float> token_type_;       // [d_model]: of the first type, the only one used
  Norm embedding_norm_;
  compute::Weight per_layer_embedding_;  // [n_vocab, n_layers * d_per_layer]
  Linear per_layer_projection_;
  Norm per_layer_projection_norm_;
  std::vector<Layer> layers_;
  Norm output_norm_;
  Linear head_;                         // empty: the token embedding
  Linear classifier_, classifier_out_;  // Pooling::Rank
  Norm classifier_norm_;
  Linear pooled_up_, pooled_down_;  // of embedding models, may be empty
  LoraSites lora_sites_;
  struct Adapter;
  std::vector<std::shared_ptr<Adapter>> adapters_;  // files that LoraParts borrow from
  Scratch scratch_;
};

}  // namespace engine
