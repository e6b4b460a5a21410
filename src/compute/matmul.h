// Multiplying activations by weight matrices.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compute/packed_matrix.h"
#include "compute/tensor.h"
#include "compute/threads.h"
#include "compute/weight.h"

namespace compute {

// Activations that one or more matrices are about to multiply, with the form the kernels want,
// computed when the first matrix needs it: query, key and value (or gate and up) share one. Keep it
// from step to step, so that its memory is allocated once. One thread at a time.
class MatmulInput {
 public:
  MatmulInput() = default;
  explicit MatmulInput(ConstTensor x) { set(x); }

  // x: [T, n_in], borrowed until the next set(). Call it again whenever the values change.
  void set(ConstTensor x) {
    x_ = x;
    has_integers_ = {};
    has_floats_ = has_bf16_ = has_fixed_ = false;
  }
  ConstTensor x() const { return x_; }

  // The panels that kernels/packed_format.h describes, for weights of this format.
  const std::uint8_t* panels(PackedFormat format, Pool& pool);

 private:
  const std::uint8_t* integer_panels(bool wide_scales, Pool& pool);
  const std::uint8_t* float_panels(Pool& pool);
  const std::uint8_t* bf16_panels(Pool& pool);
  const std::uint8_t* fixed_panels(Pool& pool);

  ConstTensor x_;
  std::array<bool, 2> has_integers_ = {};  // by wide_scales
  bool has_floats_ = false;
  bool has_bf16_ = false;
  bool has_fixed_ = false;
  std::array<AlignedBytes, 2> integers_;
  AlignedBytes floats_;
  AlignedBytes bf16_;
  AlignedBytes fixed_;
};

namespace ops {

// out = x * weight^T. x: [T, n_in], weight: [n_out, n_in], out: [T, n_out].
//
// A row of the result depends only on its row of x, bit for bit: not on T, its place among the T
// rows, nor the number of threads. Block formats multiply integers: x is rounded to 8 bits with one
// scale per 32 values, or per 256 where the weights' blocks are of 256 (Q4_K, Q5_K, Q6_K). F16
// weights are rounded to 13 bits and x to 14 with one scale per 64 values, which costs what
// rounding x to f16 would. BF16 weights multiply x rounded to bf16, F32 weights x as it is.
void matmul(MatmulInput& x, const Weight& weight, Tensor out, Pool& pool);
void matmul(ConstTensor x, const Weight& weight, Tensor out, Pool& pool);

// out += x * weight^T.
void matmul_add(MatmulInput& x, const Weight& weight, Tensor out, Pool& pool);
void matmul_add(ConstTensor x, const Weight& weight, Tensor out, Pool& pool);

}  // namespace ops
}  // namespace compute
