// The kernels for any machine, in exact f32: the reference of the tests and the fallback.
#include "train/kernels/kernels.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace train {
namespace portable {

#include "train/kernels/generic.inc"

// b as [inner, cols] row-major, copied into `space` when it is stored the other way round.
const float* row_major(ProductSize size, Factor b, std::int64_t& stride, PackingSpace& space) {
  stride = b.stride;
  if (!b.transposed) return b.data;
  const std::size_t n = std::size_t(size.inner) * std::size_t(size.cols);
  if (space.b.size() < n) space.b.resize(n);
  float* copy = reinterpret_cast<float*>(space.b.data());
  for (int k = 0; k < size.inner; ++k) {
    for (int c = 0; c < size.cols; ++c)
      copy[std::int64_t{k} * size.cols + c] = b.data[c * b.stride + k];
  }
  stride = size.cols;
  return copy;
}

void multiply(ProductSize size, Factor a, Factor b, float* out, std::int64_t out_stride,
              bool accumulate, PackingSpace& space) {
  std::int64_t b_stride = 0;
  const float* b_rows = row_major(size, b, b_stride, space);
  const Strided a_view = a.transposed ? Strided{a.data, 1, a.stride} : Strided{a.data, a.stride, 1};
  multiply_f32(size.rows, size.cols, size.inner, a_view, b_rows, b_stride, out, out_stride,
               accumulate);
}

}  // namespace portable

const Kernels& portable_kernels() {
  using namespace portable;
  static const Kernels table{"portable", multiply,        rms_norm, rms_norm_backward, rope,
                             swiglu,     swiglu_backward, attend,   attend_backward,   softmax_loss,
                             adamw};
  return table;
}

std::int64_t attention_space(AttentionSize size) {
  const std::int64_t padded = portable::line_stride(size.length);
  return padded * (2 * size.d_head + 2 * portable::kQueryBlock);
}

}  // namespace train
