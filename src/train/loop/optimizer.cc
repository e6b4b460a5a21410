#include "train/loop/optimizer.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/check.h"

namespace train {

namespace {

constexpr float kMomentum = 0.95f;
constexpr float kMatrixDecay = 0.1f;
constexpr float kBeta1 = 0.9f;
constexpr float kBeta2 = 0.95f;

double length_of(std::span<const float> values) {
  double squares = 0;
  for (const float value : values) squares += double(value) * value;
  return std::sqrt(squares);
}

}  // namespace

void orthogonalize(std::span<float> matrix, int rows, int cols, const Kernels& kernels,
                   PackingSpace& packing) {
  // Jordan's coefficients: the quintic that lifts small singular values fastest.
  constexpr float a = 3.4445f;
  constexpr float b = -4.7750f;
  constexpr float c = 2.0315f;
  const auto scale = static_cast<float>(1.0 / (length_of(matrix) + 1e-7));
  for (float& value : matrix) value *= scale;

  // The square product is taken over the longer side, which keeps it small.
  const bool tall = rows > cols;
  const int side = std::min(rows, cols);
  const int other = std::max(rows, cols);
  std::vector<float> gram(std::size_t(side) * std::size_t(side));
  std::vector<float> mixed(gram.size());
  std::vector<float> next(matrix.size());
  for (int i = 0; i < 5; ++i) {
    const Factor x{matrix.data(), cols, false};
    const Factor x_turned{matrix.data(), cols, true};
    kernels.multiply({side, side, other}, tall ? x_turned : x, tall ? x : x_turned, gram.data(),
                     side, false, packing);
    const Factor g{gram.data(), side, false};
    kernels.multiply({side, side, side}, g, g, mixed.data(), side, false, packing);
    for (std::size_t k = 0; k < mixed.size(); ++k) mixed[k] = b * gram[k] + c * mixed[k];
    const Factor m{mixed.data(), side, false};
    kernels.multiply({rows, cols, side}, tall ? x : m, tall ? m : x, next.data(), cols, false,
                     packing);
    for (std::size_t k = 0; k < next.size(); ++k) matrix[k] = a * matrix[k] + next[k];
  }
}

Optimizer::Optimizer(const Shape& shape, const Kernels& kernels, int threads)
    : layout_(shape),
      kernels_(kernels),
      packing_(std::size_t(threads)),
      first_(std::size_t(layout_.size)),
      second_(std::size_t(layout_.size)) {}

bool Optimizer::is_inner_matrix(const Weight& weight) const {
  return weight.rows > 1 && weight.offset != layout_.embedding;
}

void Optimizer::step_matrix(const Weight& weight, float* weights, const float* gradients,
                            float rate, PackingSpace& packing) {
  const std::int64_t n = weight.size();
  float* momentum = first_.data() + weight.offset;
  std::vector<float> update(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradients[weight.offset + i];
    momentum[i] = kMomentum * momentum[i] + (1 - kMomentum) * g;
    update[std::size_t(i)] =
        kMomentum * momentum[i] + (1 - kMomentum) * g;  // Nesterov's look ahead
  }
  orthogonalize(update, weight.rows, weight.cols, kernels_, packing);
  // Tall matrices get longer steps, so that every output moves as far.
  const float stretch = std::sqrt(std::max(1.0f, float(weight.rows) / float(weight.cols)));
  float* to = weights + weight.offset;
  for (std::int64_t i = 0; i < n; ++i)
    to[i] -= rate * (stretch * update[std::size_t(i)] + kMatrixDecay * to[i]);
}

double Optimizer::step(std::span<float> weights, std::span<float> gradients, Rates rates,
                       double length_max) {
  const double length = length_of(gradients);
  if (length > length_max) {
    const auto scale = static_cast<float>(length_max / length);
    for (float& gradient : gradients) gradient *= scale;
  }
  steps_ += 1;
  const float correction1 = 1.0f / (1.0f - std::pow(kBeta1, steps_));
  const float correction2 = 1.0f / (1.0f - std::pow(kBeta2, steps_));
  const auto step_every = [&](std::size_t first) {
    for (std::size_t i = first; i < layout_.weights.size(); i += packing_.size()) {
      const Weight& weight = layout_.weights[i];
      const auto at = static_cast<std::size_t>(weight.offset);
      if (is_inner_matrix(weight))
        step_matrix(weight, weights.data(), gradients.data(), rates.matrices, packing_[first]);
      else
        kernels_.adamw(&weights[at], &gradients[at], &first_[at], &second_[at], weight.size(),
                       rates.others, kBeta1, kBeta2, correction1, correction2, 0.0f);
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < packing_.size(); ++i) others.emplace_back(step_every, i);
  step_every(0);
  others.clear();  // waits for them
  return length;
}

std::vector<float> Optimizer::state() const {
  std::vector<float> all{steps_};
  all.insert(all.end(), first_.begin(), first_.end());
  all.insert(all.end(), second_.begin(), second_.end());
  return all;
}

void Optimizer::restore(std::span<const float> state) {
  CHECK(state.size() == 1 + first_.size() + second_.size());
  steps_ = state[0];
  std::ranges::copy(state.subspan(1, first_.size()), first_.begin());
  std::ranges::copy(state.subspan(1 + first_.size()), second_.begin());
}

}  // namespace train
