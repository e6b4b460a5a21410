// How far a matrix product may be from the exact one; for tests and comparisons with references.
#pragma once

#include <cstddef>
#include <span>

#include "compute/dtype.h"

namespace compute {

struct MatmulRounding {
  std::size_t columns_per_scale = 0;  // the kernel rounds x to integers, with a scale each; 0: not
  int steps = 127;                    // the largest of these integers
  int weight_steps = 0;               // the weights are rounded like x, to these; 0: not
  bool to_bf16 = false;               // x becomes bf16
  double weight_scale = 4;  // bounds what is multiplied by x: scale * integer and offset alike
};

// What is rounded beside weights of this type.
MatmulRounding rounding_beside(DType dtype);

// The largest difference from the exact row * x that roundings explain. Both of equal length.
double matmul_error_max(std::span<const float> row, std::span<const float> x,
                        const MatmulRounding& rounding);

}  // namespace compute
