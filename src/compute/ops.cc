#include "compute/ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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

template <class Fn>  // fn(element index)
void for_each_element(std::size_t n, Pool& pool, const Fn& fn) {
  pool.parallel_for(n, kElementsPerRange, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) fn(i);
  });
}

bool is_empty(const ConstTensor& tensor) {
  return tensor.values() == nullptr;
}

float sum_of_squares(std::span<const float> row) {
  double sum = 0;
  for (const float value : row) sum += static_cast<double>(value) * value;
  return static_cast<float>(sum);
}

float sigmoid(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

float apply(Activation activation, float x) {
  constexpr auto kRootTwoOverPi =
      static_cast<float>(std::numbers::inv_sqrtpi * std::numbers::sqrt2);
  switch (activation) {
    case Activation::Silu: return x * sigmoid(x);
    case Activation::GeluTanh:
      return 0.5f * x * (1.0f + std::tanh(kRootTwoOverPi * x * (1.0f + 0.044715f * x * x)));
    case Activation::GeluErf:
      return 0.5f * x * (1.0f + std::erf(x * static_cast<float>(1 / std::numbers::sqrt2)));
    case Activation::GeluQuick: return x * sigmoid(1.702f * x);
    case Activation::Relu: return std::max(x, 0.0f);
    case Activation::Relu2: return std::max(x, 0.0f) * std::max(x, 0.0f);
    case Activation::Sigmoid: return sigmoid(x);
    case Activation::Tanh: return std::tanh(x);
  }
  CHECK(false);
}

}  // namespace

void rms_norm(ConstTensor x, ConstTensor weight, float epsilon, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  CHECK(is_empty(weight) || weight.size() % x.columns() == 0);
  const std::size_t n_weight_rows = is_empty(weight) ? 1 : weight.size() / x.columns();
  for_each_row(x, pool, [&](std::size_t i) {
    const auto from = x.row(i);
    const auto to = out.values() + i * x.columns();
    const float mean = sum_of_squares(from) / static_cast<float>(from.size());
    const float factor = 1.0f / std::sqrt(mean + epsilon);
    const float* w = weight.values() + i % n_weight_rows * x.columns();
    for (std::size_t j = 0; j < from.size(); ++j) {
      to[j] = from[j] * factor * (is_empty(weight) ? 1.0f : w[j]);
    }
  });
}

void rms_norm_heads(Tensor x, ConstTensor weight, float epsilon, Pool& pool) {
  rms_norm(x, weight, epsilon, x, pool);
}

void layer_norm(ConstTensor x, ConstTensor weight, ConstTensor bias, float epsilon, Tensor out,
                Pool& pool) {
  CHECK(out.size() == x.size());
  for_each_row(x, pool, [&](std::size_t i) {
    const auto from = x.row(i);
    const auto to = out.values() + i * x.columns();
    const auto n = static_cast<double>(from.size());
    double sum = 0;
    for (const float value : from) sum += value;
    const auto mean = static_cast<float>(sum / n);
    double squares = 0;
    for (const float value : from) squares += static_cast<double>(value - mean) * (value - mean);
    const float factor = 1.0f / std::sqrt(static_cast<float>(squares / n) + epsilon);
    for (std::size_t j = 0; j < from.size(); ++j) {
      const float normed = (from[j] - mean) * factor;
      to[j] = normed * (is_empty(weight) ? 1.0f : weight.values()[j]) +
              (is_empty(bias) ? 0.0f : bias.values()[j]);
    }
  });
}

void l2_norm(ConstTensor x, float epsilon, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  for_each_row(x, pool, [&](std::size_t i) {
    const auto from = x.row(i);
    const auto to = out.values() + i * x.columns();
    const float factor = 1.0f / std::max(std::sqrt(sum_of_squares(from)), epsilon);
    for (std::size_t j = 0; j < from.size(); ++j) to[j] = from[j] * factor;
  });
}

void softmax(Tensor x, Pool& pool) {
  for_each_row(x, pool, [&](std::size_t i) {
    const auto row = x.row(i);
    const float largest = *std::ranges::max_element(row);
    double sum = 0;
    for (float& value : row) {
      value = std::exp(value - largest);
      sum += value;
    }
    const auto factor = static_cast<float>(1 / sum);
    for (float& value : row) value *= factor;
  });
}

void activate(Activation activation, ConstTensor x, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  for_each_element(x.size(), pool,
                   [&](std::size_t i) { out.values()[i] = apply(activation, x.values()[i]); });
}

void gated(Activation activation, ConstTensor gate, ConstTensor up, Tensor out, Pool& pool) {
  CHECK(out.size() == gate.size() && up.size() == gate.size());
  for_each_element(gate.size(), pool, [&](std::size_t i) {
    out.values()[i] = apply(activation, gate.values()[i]) * up.values()[i];
  });
}

void swiglu_clamped(ConstTensor gate, ConstTensor up, float alpha, float limit, Tensor out,
                    Pool& pool) {
  CHECK(out.size() == gate.size() && up.size() == gate.size());
  for_each_element(gate.size(), pool, [&](std::size_t i) {
    const float g = std::min(gate.values()[i], limit);
    const float u = std::clamp(up.values()[i], -limit, limit);
    out.values()[i] = g * sigmoid(alpha * g) * (u + 1.0f);
  });
}

void softcap(Tensor x, float cap, Pool& pool) {
  const auto values = x.values();
  for_each_element(x.size(), pool,
                   [&](std::size_t i) { values[i] = cap * std::tanh(values[i] / cap); });
}

void add(ConstTensor a, ConstTensor b, Tensor out, Pool& pool) {
  CHECK(out.size() == a.size() && b.size() == a.size());
  for_each_element(a.size(), pool,
                   [&](std::size_t i) { out.values()[i] = a.values()[i] + b.values()[i]; });
}

void multiply(ConstTensor a, ConstTensor b, Tensor out, Pool& pool) {
  CHECK(out.size() == a.size() && b.size() == a.size());
  for_each_element(a.size(), pool,
                   [&](std::size_t i) { out.values()[i] = a.values()[i] * b.values()[i]; });
}

void add_bias(Tensor x, ConstTensor bias, Pool& pool) {
  CHECK(bias.size() == x.columns());
  for_each_row(x, pool, [&](std::size_t i) {
    const auto row = x.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] += bias.values()[j];
  });
}

void scale(Tensor x, float factor, Pool& pool) {
  for_each_element(x.size(), pool, [&](std::size_t i) { x.values()[i] *= factor; });
}

void add_scaled(ConstTensor x, float factor, Tensor out, Pool& pool) {
  CHECK(out.size() == x.size());
  for_each_element(x.size(), pool,
                   [&](std::size_t i) { out.values()[i] += factor * x.values()[i]; });
}

}  // namespace compute::ops
