// The model that is trained: a vector per token; a text is the direction of their sum. Contrastive
// steps (InfoNCE, arXiv 1807.03748) over several prefixes of the vectors at once (Matryoshka,
// arXiv 2205.13147). A token's weight in the mean is the length of its vector.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/embedding/sets.h"
#include "train/kernels/kernels.h"

namespace train::embedding {

struct TableShape {
  int n_tokens = 0;
  int width = 256;
  std::vector<int> prefixes{256, 128, 64};  // widths that should be good on their own
  float logit_scale = 20;                   // of cosines
};

// One thread.
class Table {
 public:
  // Random directions; frequent tokens get short vectors (smooth inverse frequency, Arora 2017).
  Table(TableShape shape, const std::vector<std::int64_t>& counts, std::uint64_t seed,
        const Kernels& kernels);

  // One Adam step on the rows that the batch touches; returns the mean loss in nats.
  double step(const std::vector<TrainingPair>& batch, float rate);

  const TableShape& shape() const { return shape_; }
  std::span<const float> weights() const { return weights_; }  // [n_tokens, width]
  // The sum of the tokens' vectors, of length 1.
  std::vector<float> embed(const Tokens& tokens) const;

 private:
  void sum_up(const Tokens& tokens, float* sum) const;
  void find_same(const std::vector<TrainingPair>& batch);
  double add_gradient(std::size_t pairs, int prefix);
  double contrast(std::size_t pairs, const float* from, const float* to, int prefix,
                  float* gradients);
  void spread(const Tokens& tokens, const float* gradient);
  void adam(float rate);

  TableShape shape_;
  const Kernels& kernels_;
  PackingSpace packing_;
  std::vector<float> weights_, first_, second_;  // [n_tokens, width]
  std::vector<float> gradients_;                 // [n_tokens, width]: zero but for touched rows
  std::vector<int> touched_;
  std::vector<bool> is_touched_;
  std::int64_t steps_ = 0;

  // Of the batch: sums and their gradients [pairs, width], queries then passages.
  std::vector<float> sums_[2], sum_gradients_[2];
  std::vector<float> units_[2], unit_gradients_[2];  // [pairs, prefix]
  std::vector<float> logits_;                        // [pairs, pairs]
  std::vector<std::size_t> same_;                    // places in it that tell nothing apart
};

}  // namespace train::embedding
