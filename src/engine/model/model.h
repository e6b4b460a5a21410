// The seam between the engine and what computes a step of a language model.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "compute/tensor.h"
#include "engine/model/batch.h"
#include "engine/model/info.h"

namespace engine {

// Owned by the engine; engine thread only (it may use a pool inside).
// Invariant: a row's result depends on its own sequence alone, bit for bit, not on the batch.
class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;
  // What attention layers store; empty for models without attention.
  virtual const std::vector<KvLayer>& kv_layers() const = 0;
  // Floats of recurrent state per sequence; 0 for models without.
  virtual std::size_t state_floats() const = 0;

  // Both write keys, values and states of all rows, and return [n_output_rows, ...] in memory of
  // the model that the next call reuses. Logits are [.., n_vocab], hidden states [.., d_model]
  // after the last norm. Of a batch that is given up, anything: what was written is written again.
  virtual compute::Tensor logits(const Batch& batch, const KvCache& cache, StatePool& states) = 0;
  virtual compute::Tensor hidden(const Batch& batch, const KvCache& cache, StatePool& states) = 0;
  // What an embedding model still does to a pooled hidden state [d_model]: mostly nothing.
  virtual std::vector<float> project(std::vector<float> pooled) = 0;
  // The classification head on one pooled hidden state [d_model]: its scores.
  virtual std::vector<float> scores(std::span<const float> pooled) = 0;

  // Loads a GGUF LoRA adapter and returns the number that batches name it by.
  virtual Result<int> add_adapter(const std::string& path) = 0;
};

}  // namespace engine
