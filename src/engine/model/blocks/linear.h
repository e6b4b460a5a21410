// The smallest blocks: a matrix with its bias and adapters, a norm with its weights.
#pragma once

#include <memory>
#include <vector>

#include "compute/ops.h"
#include "compute/weight.h"
#include "engine/model/spec.h"
#include "engine/model/step.h"

namespace engine {

// One adapter's addition to a matrix: scale * b * a (LoRA, arXiv 2106.09685).
struct LoraPart {
  int adapter = 0;
  float scale = 1;
  compute::Weight a;  // [rank, n_in]
  compute::Weight b;  // [n_out, rank]
};

// Where adapters attach to. Shared by a Linear and the table of names that adapters are loaded by.
struct LoraSite {
  std::size_t n_in = 0;
  std::size_t n_out = 0;
  std::vector<LoraPart> parts;
};

struct Linear {
  compute::Weight weight;   // [n_out, n_in]
  std::vector<float> bias;  // [n_out] or empty
  std::shared_ptr<LoraSite> lora;

  bool empty() const { return weight.empty(); }
};

// out = x * weight^T + bias, plus the adapters of the sequences that have one.
void apply(const Linear& linear, compute::MatmulInput& x, compute::Tensor out, Step& step);
compute::Tensor apply(const Linear& linear, compute::MatmulInput& x, Step& step);

struct Norm {
  NormKind kind = NormKind::Rms;
  std::vector<float> weight;
  std::vector<float> bias;  // layer norms only, may be empty

  bool empty() const { return weight.empty(); }
};

void apply(const Norm& norm, compute::ConstTensor x, compute::Tensor out, Step& step);
// Head by head, in place. x: [T, n_heads, d_head]; the weight is [d_head] or [n_heads, d_head].
void apply_per_head(const Norm& norm, compute::Tensor x, Step& step);

}  // namespace engine
