#include "compute/matmul.h"

#include <vector>

#include "base/check.h"

namespace compute::ops {
namespace {

float dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

template <class Store>
void multiply(ConstTensor x, const Weight& weight, Tensor out, Pool& pool, const Store& store) {
  CHECK(x.columns() == weight.n_in() && out.columns() == weight.n_out());
  CHECK(x.rows() == out.rows());
  pool.parallel_for(weight.n_out(), 16, [&](std::size_t begin, std::size_t end) {
    std::vector<float> row(weight.n_in());
    for (std::size_t n = begin; n < end; ++n) {
      weight.row(n, row);
      for (std::size_t t = 0; t < x.rows(); ++t) store(out.row(t)[n], dot(x.row(t), row));
    }
  });
}

}  // namespace

void matmul(MatmulInput& x, const Weight& weight, Tensor out, Pool& pool) {
  multiply(x.x(), weight, out, pool, [](float& to, float value) { to = value; });
}

void matmul_add(MatmulInput& x, const Weight& weight, Tensor out, Pool& pool) {
  multiply(x.x(), weight, out, pool, [](float& to, float value) { to += value; });
}

void matmul(ConstTensor x, const Weight& weight, Tensor out, Pool& pool) {
  MatmulInput input(x);
  matmul(input, weight, out, pool);
}

void matmul_add(ConstTensor x, const Weight& weight, Tensor out, Pool& pool) {
  MatmulInput input(x);
  matmul_add(input, weight, out, pool);
}

}  // namespace compute::ops
