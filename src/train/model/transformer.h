// The model's way forward and back over a batch of whole documents, with all it remembers between.
// Knows weights and tokens; optimizers, files and text are elsewhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/kernels/kernels.h"
#include "train/model/shape.h"

namespace train {

// Documents one after the other; attention does not cross their borders. Position t is asked for
// targets[t] with loss weights[t] (0: not asked).
struct Batch {
  std::vector<int> tokens;
  std::vector<int> targets;
  std::vector<float> weights;
  std::vector<int> lengths;  // of the documents; their sum is tokens.size()
};

struct Loss {
  double sum = 0;     // of weight * -log p
  double weight = 0;  // of the weights
};

// Owned by one thread; the kernels and the shape are fixed for its life. Buffers grow to the
// largest batch and stay.
class Transformer {
 public:
  Transformer(const Shape& shape, const Kernels& kernels);

  // The loss of `batch` alone.
  Loss evaluate(std::span<const float> weights, const Batch& batch);
  // Adds the gradient of (sum of losses) * scale to `gradients`, laid out as `weights`.
  Loss accumulate_gradients(std::span<const float> weights, const Batch& batch, float scale,
                            std::span<float> gradients);
  // Logits [vocab_size] after the last token of one document.
  std::vector<float> next_logits(std::span<const float> weights, std::span<const int> tokens);

  const Layout& layout() const { return layout_; }
  const Shape& shape() const { return shape_; }

 private:
  // What one layer keeps for the way back; shapes over the T tokens of the batch.
  struct LayerTrace {
    std::vector<float> input;         // [T, d_model]
    std::vector<float> attn_normed;   // [T, d_model]
    std::vector<float> attn_inv_rms;  // [T]
    std::vector<float> qkv;           // [T, d_qkv], after rope
    std::vector<float> log_sum;       // [n_heads, T] by document
    std::vector<float> attended;      // [T, d_query]
    std::vector<float> middle;        // [T, d_model]
    std::vector<float> ffn_normed;    // [T, d_model]
    std::vector<float> ffn_inv_rms;   // [T]
    std::vector<float> gate_up;       // [T, 2 d_ff]
    std::vector<float> act;           // [T, d_ff]
  };

  void reserve(int n_tokens, int longest);
  void forward(const float* weights, const Batch& batch);
  void layer_forward(const float* weights, const Batch& batch, int layer);
  void layer_backward(const float* weights, const Batch& batch, int layer, float* gradients);
  // Loss of all positions; with `gradients`, also d_x_ and the gradients of head and final norm.
  Loss head(const float* weights, const Batch& batch, float scale, float* gradients);
  void each_document(const Batch& batch, auto&& visit);

  Shape shape_;
  Layout layout_;
  const Kernels& kernels_;
  PackingSpace packing_;
  std::vector<float> cos_sin_;  // [context, d_head]
  std::vector<int> positions_;
  std::vector<LayerTrace> traces_;
  std::vector<float> x_;             // residual stream [T, d_model]
  std::vector<float> final_normed_;  // [T, d_model]
  std::vector<float> final_inv_rms_;
  std::vector<float> logits_;     // one chunk of rows
  std::vector<float> attention_;  // scratch of the attention kernels
  std::vector<float> d_x_, d_normed_, d_qkv_, d_attended_, d_gate_up_, d_act_;
};

}  // namespace train
