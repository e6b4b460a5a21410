// Turns gradients into better weights: Muon (Jordan 2024) for the matrices inside the layers, AdamW
// for the embedding and the gains. Knows the layout, no data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/kernels/kernels.h"
#include "train/model/shape.h"

namespace train {

struct Rates {
  float matrices = 0.02f;
  float others = 0.003f;
};

// Owned by the training loop; one thread at a time.
class Optimizer {
 public:
  // `threads` (1 or 2) changes nothing but the speed.
  Optimizer(const Shape& shape, const Kernels& kernels, int threads);

  // One step; scales `gradients` down first when their length is above `length_max`. Returns that
  // length.
  double step(std::span<float> weights, std::span<float> gradients, Rates rates, double length_max);

  // All it remembers, for checkpoints.
  std::vector<float> state() const;
  void restore(std::span<const float> state);

 private:
  bool is_inner_matrix(const Weight& weight) const;
  void step_matrix(const Weight& weight, float* weights, const float* gradients, float rate,
                   PackingSpace& packing);

  Layout layout_;
  const Kernels& kernels_;
  std::vector<PackingSpace> packing_;  // one per thread
  std::vector<float> first_;           // momentum of Muon, first moment of AdamW; as the weights
  std::vector<float> second_;          // second moment of AdamW; as the weights
  float steps_ = 0;
};

// The nearest matrix to `matrix` [rows, cols] whose singular values are all about one, by five
// Newton-Schulz steps; in place.
void orthogonalize(std::span<float> matrix, int rows, int cols, const Kernels& kernels,
                   PackingSpace& packing);

}  // namespace train
