#include "train/embedding/table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace train::embedding {

namespace {

constexpr float kMasked = -1e4f;  // a logit that no softmax sees
constexpr float kBeta1 = 0.9f, kBeta2 = 0.99f;

double gaussian(base::Random& random) {
  const double u = 1 - random.unit();
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * random.unit());
}

float length_of(const float* x, int n) {
  float square = 0;
  for (int i = 0; i < n; ++i) square += x[i] * x[i];
  return std::sqrt(square) + 1e-12f;
}

}  // namespace

Table::Table(TableShape shape, const std::vector<std::int64_t>& counts, std::uint64_t seed,
             const Kernels& kernels)
    : shape_(std::move(shape)), kernels_(kernels) {
  constexpr double smoothing = 1e-3;
  const auto width = static_cast<std::size_t>(shape_.width);
  const auto n = static_cast<std::size_t>(shape_.n_tokens) * width;
  for (auto* values : {&weights_, &first_, &second_, &gradients_}) values->assign(n, 0.0f);
  is_touched_.assign(static_cast<std::size_t>(shape_.n_tokens), false);
  double total = 1;
  for (const auto count : counts) total += static_cast<double>(count);
  base::SeededRandom random(seed);
  for (std::size_t token = 0; token < is_touched_.size(); ++token) {
    const double weight = smoothing / (smoothing + static_cast<double>(counts[token]) / total);
    const double scale = weight / std::sqrt(static_cast<double>(width));
    for (std::size_t i = 0; i < width; ++i)
      weights_[token * width + i] = static_cast<float>(gaussian(random) * scale);
  }
}

void Table::sum_up(const Tokens& tokens, float* sum) const {
  std::fill_n(sum, shape_.width, 0.0f);
  for (const auto token : tokens) {
    const float* row = weights_.data() + std::size_t(token) * std::size_t(shape_.width);
    for (int i = 0; i < shape_.width; ++i) sum[i] += row[i];
  }
}

std::vector<float> Table::embed(const Tokens& tokens) const {
  std::vector<float> sum(static_cast<std::size_t>(shape_.width));
  sum_up(tokens, sum.data());
  const float length = length_of(sum.data(), shape_.width);
  for (float& x : sum) x /= length;
  return sum;
}

double Table::step(const std::vector<TrainingPair>& batch, float rate) {
  const auto width = static_cast<std::size_t>(shape_.width);
  for (const int side : {0, 1}) {
    sums_[side].resize(batch.size() * width);
    sum_gradients_[side].assign(batch.size() * width, 0.0f);
    for (std::size_t i = 0; i < batch.size(); ++i)
      sum_up(side == 0 ? batch[i].query : batch[i].passage, sums_[side].data() + i * width);
  }
  find_same(batch);
  double loss = 0;
  for (const int prefix : shape_.prefixes) loss += add_gradient(batch.size(), prefix);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    spread(batch[i].query, sum_gradients_[0].data() + i * width);
    spread(batch[i].passage, sum_gradients_[1].data() + i * width);
  }
  adam(rate);
  return loss / static_cast<double>(shape_.prefixes.size());
}

void Table::find_same(const std::vector<TrainingPair>& batch) {
  std::vector<std::uint64_t> queries, passages;
  for (const auto& pair : batch) {
    queries.push_back(pair.query_key);
    passages.push_back(pair.passage_key);
  }
  same_.clear();
  const std::size_t n = batch.size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k)
      if ((queries[i] == queries[k] || passages[i] == passages[k]) && i != k)
        same_.push_back(i * n + k);
}

// The loss of both directions on the first `prefix` numbers; adds its gradient to that of the sums.
double Table::add_gradient(std::size_t pairs, int prefix) {
  const auto width = static_cast<std::size_t>(shape_.width), part = std::size_t(prefix);
  for (const int side : {0, 1}) {
    units_[side].resize(pairs * part);
    unit_gradients_[side].assign(pairs * part, 0.0f);
    for (std::size_t i = 0; i < pairs; ++i) {
      const float* sum = sums_[side].data() + i * width;
      const float inverse = 1 / length_of(sum, prefix);
      for (std::size_t k = 0; k < part; ++k) units_[side][i * part + k] = sum[k] * inverse;
    }
  }
  const int n = static_cast<int>(pairs);
  double loss = 0;
  for (const int side : {0, 1}) {
    const float* from = units_[side].data();
    const float* to = units_[1 - side].data();
    logits_.resize(pairs * pairs);
    loss += contrast(pairs, from, to, prefix, logits_.data());
    const std::int64_t stride = prefix;
    kernels_.multiply({n, prefix, n}, {logits_.data(), n}, {to, stride},
                      unit_gradients_[side].data(), stride, true, packing_);
    kernels_.multiply({n, prefix, n}, {logits_.data(), n, true}, {from, stride},
                      unit_gradients_[1 - side].data(), stride, true, packing_);
  }
  // Back through the division by the length: only what turns the direction counts.
  for (const int side : {0, 1}) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const float* unit = units_[side].data() + i * part;
      const float* gradient = unit_gradients_[side].data() + i * part;
      float along = 0;
      for (std::size_t k = 0; k < part; ++k) along += unit[k] * gradient[k];
      const float inverse = 1 / length_of(sums_[side].data() + i * width, prefix);
      float* out = sum_gradients_[side].data() + i * width;
      for (std::size_t k = 0; k < part; ++k) out[k] += (gradient[k] - along * unit[k]) * inverse;
    }
  }
  return loss / 2;
}

// `gradients` [pairs, pairs] become those of the loss by the cosines; returns the mean loss.
double Table::contrast(std::size_t pairs, const float* from, const float* to, int prefix,
                       float* gradients) {
  const int n = static_cast<int>(pairs);
  kernels_.multiply({n, n, prefix}, {from, prefix}, {to, prefix, true}, gradients, n, false,
                    packing_);
  for (std::size_t i = 0; i < pairs * pairs; ++i) gradients[i] *= shape_.logit_scale;
  for (const std::size_t place : same_) gradients[place] = kMasked;
  std::vector<int> targets(pairs);
  for (std::size_t i = 0; i < pairs; ++i) targets[i] = static_cast<int>(i);
  const std::vector<float> weights(pairs, shape_.logit_scale / static_cast<float>(pairs));
  std::vector<float> losses(pairs);
  kernels_.softmax_loss(gradients, n, n, targets.data(), weights.data(), losses.data());
  double loss = 0;
  for (const float each : losses) loss += each;
  return loss / shape_.logit_scale;
}

void Table::spread(const Tokens& tokens, const float* gradient) {
  for (const auto token : tokens) {
    if (!is_touched_[token]) {
      is_touched_[token] = true;
      touched_.push_back(token);
    }
    float* row = gradients_.data() + std::size_t(token) * std::size_t(shape_.width);
    for (int i = 0; i < shape_.width; ++i) row[i] += gradient[i];
  }
}

// Rows that were not touched keep their moments as they are: rare tokens would forget them.
void Table::adam(float rate) {
  ++steps_;
  const auto bias = [&](float beta) {
    return 1 / (1 - std::pow(beta, static_cast<float>(steps_)));
  };
  for (const int token : touched_) {
    const std::size_t at = std::size_t(token) * std::size_t(shape_.width);
    kernels_.adamw(weights_.data() + at, gradients_.data() + at, first_.data() + at,
                   second_.data() + at, shape_.width, rate, kBeta1, kBeta2, bias(kBeta1),
                   bias(kBeta2), 0.0f);
    std::fill_n(gradients_.data() + at, shape_.width, 0.0f);
    is_touched_[std::size_t(token)] = false;
  }
  touched_.clear();
}

}  // namespace train::embedding
