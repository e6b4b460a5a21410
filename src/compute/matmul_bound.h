// How far a matrix product may be from the exact one; for tests and comparisons with references.
#pragma once

#include <span>

namespace compute {

struct MatmulRounding {
  bool to_8_bits = false;   // the kernel rounds x to 8 bits, one scale per 32 values
  bool to_bf16 = false;     // or to bf16
  double weight_scale = 4;  // bounds what is multiplied by x: scale * integer and offset alike
};

// The largest difference from the exact row * x that roundings explain. Both of equal length.
double matmul_error_max(std::span<const float> row, std::span<const float> x,
                        const MatmulRounding& rounding);

}  // namespace compute
