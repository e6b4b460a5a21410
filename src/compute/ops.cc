#include "compute/ops.h"

#include <algorithm>

#include "base/check.h"

namespace compute::ops {
namespace {

// Elements worth handing to another thread: about 5 us of simple arithmetic, against 0.1 us for a
// loop that several threads share.
constexpr std::size_t kElementsPerRange = 16'384;

template <class Fn>  // fn(row index)
void for_each_row(const ConstTensor& x, Pool& pool, const Fn& fn) {
  const std::size_t grain = std::max<std::size_t>(1, kElementsPerRange / (x.columns() + 1));
  pool.parallel_for(x.rows(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) fn(i);
  });
}

template <class Fn>  // fn(first element, count)
void for_each_range(std::size_t n, Pool& pool, const Fn& fn) {
  pool.parallel_for(n, kElementsPerRange,
                    [&](std::size_t begin, std::size_t end) { fn(begin, end - begin); });
}

bool fits(const ConstTensor& weight, std::size_t n) {
  return weight.values() == nullptr || weight.size() == n;
}

}  // namespace

void rms_norm(ConstTensor x, ConstTensor weight, float epsilon, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  const std::size_t n = x.columns();
  CHECK(weight.values() == nullptr || weight.size() % n == 0);
  const std::size_t n_weight_rows = weight.values() == nullptr ? 0 : weight.size() / n;
  const auto kernel = kernels(pool.isa()).rms_norm;
  for_each_row(x, pool, [&](std::size_t i) {
    const float* w = n_weight_rows == 0 ? nullptr : weight.values() + i % n_weight_rows * n;
    kernel(x.values() + i * n, w, epsilon, out.values() + i * n, n);
  });
}

void rms_norm_heads(Tensor x, ConstTensor weight, float epsilon, Pool& pool) {
  rms_norm(x, weight, epsilon, x, pool);
}

void layer_norm(ConstTensor x, ConstTensor weight, ConstTensor bias, float epsilon, Tensor out,
                Pool& pool) {
  const std::size_t n = x.columns();
  CHECK(out.size() == x.size() && fits(weight, n) && fits(bias, n));
  const auto kernel = kernels(pool.isa()).layer_norm;
  for_each_row(x, pool, [&](std::size_t i) {
    kernel(x.values() + i * n, weight.values(), bias.values(), epsilon, out.values() + i * n, n);
  });
}

void l2_norm(ConstTensor x, float epsilon, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  const std::size_t n = x.columns();
  const auto kernel = kernels(pool.isa()).l2_norm;
  for_each_row(x, pool, [&](std::size_t i) {
    kernel(x.values() + i * n, epsilon, out.values() + i * n, n);
  });
}

void softmax(Tensor x, Pool& pool) {
  const auto kernel = kernels(pool.isa()).softmax;
  for_each_row(x, pool, [&](std::size_t i) { kernel(x.values() + i * x.columns(), x.columns()); });
}

void activate(Activation activation, ConstTensor x, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  const auto kernel = kernels(pool.isa()).gated[static_cast<std::size_t>(activation)];
  for_each_range(x.size(), pool, [&](std::size_t i, std::size_t n) {
    kernel(x.values() + i, nullptr, out.values() + i, n);
  });
}

void gated(Activation activation, ConstTensor gate, ConstTensor up, Tensor out, Pool& pool) {
  CHECK(out.size() == gate.size() && up.size() == gate.size());
  const auto kernel = kernels(pool.isa()).gated[static_cast<std::size_t>(activation)];
  for_each_range(gate.size(), pool, [&](std::size_t i, std::size_t n) {
    kernel(gate.values() + i, up.values() + i, out.values() + i, n);
  });
}

void swiglu_clamped(ConstTensor gate, ConstTensor up, float alpha, float limit, Tensor out,
                    Pool& pool) {
  CHECK(out.size() == gate.size() && up.size() == gate.size());
  const auto kernel = kernels(pool.isa()).swiglu_clamped;
  for_each_range(gate.size(), pool, [&](std::size_t i, std::size_t n) {
    kernel(gate.values() + i, up.values() + i, alpha, limit, out.values() + i, n);
  });
}

void softcap(Tensor x, float cap, Pool& pool) {
  const auto kernel = kernels(pool.isa()).softcap;
  for_each_range(x.size(), pool,
                 [&](std::size_t i, std::size_t n) { kernel(x.values() + i, cap, n); });
}

void add(ConstTensor a, ConstTensor b, Tensor out, Pool& pool) {
  CHECK(out.size() == a.size() && b.size() == a.size());
  for_each_range(a.size(), pool, [&](std::size_t first, std::size_t n) {
    for (std::size_t i = first; i < first + n; ++i) out.values()[i] = a.values()[i] + b.values()[i];
  });
}

void multiply(ConstTensor a, ConstTensor b, Tensor out, Pool& pool) {
  CHECK(out.size() == a.size() && b.size() == a.size());
  for_each_range(a.size(), pool, [&](std::size_t first, std::size_t n) {
    for (std::size_t i = first; i < first + n; ++i) out.values()[i] = a.values()[i] * b.values()[i];
  });
}

void add_bias(Tensor x, ConstTensor bias, Pool& pool) {
  CHECK(bias.size() == x.columns());
  for_each_row(x, pool, [&](std::size_t i) {
    const auto row = x.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] += bias.values()[j];
  });
}

void scale(Tensor x, float factor, Pool& pool) {
  for_each_range(x.size(), pool, [&](std::size_t first, std::size_t n) {
    for (std::size_t i = first; i < first + n; ++i) x.values()[i] *= factor;
  });
}

void add_scaled(ConstTensor x, float factor, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  for_each_range(x.size(), pool, [&](std::size_t first, std::size_t n) {
    for (std::size_t i = first; i < first + n; ++i) out.values()[i] += factor * x.values()[i];
  });
}

}  // namespace compute::ops
