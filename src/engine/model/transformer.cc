#include "engine/model/transformer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "engine/model/softmax.h"

namespace engine {

using compute::ConstTensor;
using compute::MatmulInput;
using compute::Tensor;
namespace ops = compute::ops;

Step Transformer::begin_step(const Batch& batch, const KvCache& cache, StatePool& states) {
  for (std::size_t i = 0; i < ropes_.size(); ++i) angles_[i].set(ropes_[i], batch.positions);
  return {batch, cache, states, pool_, scratch_, angles_, spec_.norm_epsilon};
}

void Transformer::embed(const Batch& batch, Tensor x, Step& step) const {
  for (std::size_t t = 0; t < batch.rows(); ++t) {
    const auto token = static_cast<std::size_t>(batch.tokens[t]);
    CHECK(token < token_embedding_.n_out());
    token_embedding_.row(token, x.row(t));
  }
  if (spec_.embedding_scale != 1) ops::scale(x, spec_.embedding_scale, pool_);
  if (!token_type_.empty()) ops::add_bias(x, std::span<const float>(token_type_), pool_);
  if (!position_embedding_.empty()) {
    std::vector<float> row(x.columns());
    for (std::size_t t = 0; t < batch.rows(); ++t) {
      const auto position = static_cast<std::size_t>(batch.positions[t]);
      CHECK(position < position_embedding_.n_out());
      position_embedding_.row(position, row);
      for (std::size_t i = 0; i < row.size(); ++i) x.row(t)[i] += row[i];
    }
  }
  if (!embedding_norm_.empty()) apply(embedding_norm_, x, x, step);
}

// What every layer gets beside its input (Gemma 3n): a row of a table of its own, and a projection
// of the embedding, averaged. [T, n_layers, d_per_layer].
Tensor Transformer::embed_per_layer(const Batch& batch, ConstTensor x, Step& step) const {
  const auto d = static_cast<std::size_t>(spec_.d_per_layer);
  auto& input = step.scratch.take_input(x);
  const auto projected = apply(per_layer_projection_, input, step);
  ops::scale(projected, 1 / std::sqrt(static_cast<float>(x.columns())), pool_);
  const auto heads = projected.reshaped({batch.rows(), layers_.size(), d});
  apply_per_head(per_layer_projection_norm_, heads, step);
  const auto looked_up = step.scratch.take({batch.rows(), layers_.size() * d});
  for (std::size_t t = 0; t < batch.rows(); ++t) {
    per_layer_embedding_.row(static_cast<std::size_t>(batch.tokens[t]), looked_up.row(t));
  }
  ops::add_scaled(looked_up, std::sqrt(static_cast<float>(d)), projected, pool_);
  ops::scale(projected, std::sqrt(0.5f), pool_);
  return heads;
}

void Transformer::add_per_layer(const Layer& layer, std::size_t index, Tensor x, ConstTensor inputs,
                                Step& step) const {
  const Scratch::Scope scope(step.scratch);
  auto& input = step.scratch.take_input(x);
  const auto gate = apply(layer.per_layer_gate, input, step);
  ops::activate(ops::Activation::GeluTanh, gate, gate, pool_);
  const std::size_t d = gate.columns();
  for (std::size_t t = 0; t < x.rows(); ++t) {
    const float* own = inputs.values() + (t * layers_.size() + index) * d;
    for (std::size_t i = 0; i < d; ++i) gate.row(t)[i] *= own[i];
  }
  auto& gated = step.scratch.take_input(gate);
  const auto out = apply(layer.per_layer_out, gated, step);
  apply(layer.per_layer_norm, out, out, step);
  ops::add(x, out, x, pool_);
}

namespace {

template <class Variant>
void forward(const Variant& block, ConstTensor x, Tensor out, Step& step) {
  std::visit(
      [&](const auto& chosen) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(chosen)>, std::monostate>) {
          chosen.forward(x, out, step);
        }
      },
      block);
}

void copy_rows(ConstTensor x, std::span<const int> rows, Tensor out) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(x.row(static_cast<std::size_t>(rows[i])), out.row(i).begin());
  }
}

}  // namespace

// The mixer takes all rows of x; the feed-forward those of out, which is x itself or wants some.
void Transformer::run_layer(const Layer& layer, Tensor x, Tensor out, Step& step,
                            Step& out_step) const {
  const Scratch::Scope scope(step.scratch);
  const auto space = step.scratch.take({x.rows(), x.columns()});
  const auto normed_by = [&](const Norm& norm, Tensor rows, Step& of) -> ConstTensor {
    if (norm.empty()) return rows;
    const auto normed = space.slice(0, rows.rows());
    apply(norm, rows, normed, of);
    return normed;
  };
  const auto add_result = [&](const Norm& post_norm, const Norm& sum_norm, Tensor result, Tensor to,
                              Step& of) {
    if (!post_norm.empty()) apply(post_norm, result, result, of);
    ops::add_scaled(result, spec_.residual_scale, to, pool_);
    if (!sum_norm.empty()) apply(sum_norm, to, to, of);
  };
  const auto result = step.scratch.take({x.rows(), x.columns()});
  auto normed = normed_by(layer.mixer_norm, x, step);
  forward(layer.mixer, normed, result, step);
  add_result(layer.mixer_post_norm, layer.mixer_sum_norm, result, x, step);

  const bool some = out.values() != x.values();
  if (some) copy_rows(x, step.batch.output_rows, out);
  if (out.rows() == 0 || std::holds_alternative<std::monostate>(layer.feed_forward)) return;
  if (!spec_.parallel) {
    normed = normed_by(layer.feed_forward_norm, out, out_step);
  } else if (some) {
    const auto rows = step.scratch.take({out.rows(), out.columns()});
    copy_rows(normed, step.batch.output_rows, rows);
    normed = rows;
  }
  const auto out_result = result.slice(0, out.rows());
  forward(layer.feed_forward, normed, out_result, out_step);
  add_result(layer.feed_forward_post_norm, layer.feed_forward_sum_norm, out_result, out, out_step);
}

// All layers; the wanted rows after the last norm: [n_output_rows, d_model]. Beyond the last mixer
// only they are computed: of a prompt usually one, or none.
Tensor Transformer::run(const Batch& batch, Step& step) {
  const std::size_t d_model = spec_.info.d_model;
  const auto x = scratch_.take({batch.rows(), d_model});
  const auto wanted = scratch_.take({batch.output_rows.size(), d_model});
  embed(batch, x, step);
  Tensor per_layer;
  if (spec_.d_per_layer > 0) per_layer = embed_per_layer(batch, x, step);

  const bool all = batch.output_rows.size() == batch.rows();
  const Batch outputs = all ? Batch() : batch.outputs();
  Step outputs_step = {outputs, step.cache, step.states, pool_, scratch_, {}, step.norm_epsilon};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (batch.given_up != nullptr && *batch.given_up) return wanted;
    const auto& layer = layers_[i];
    const bool some = i + 1 == layers_.size() && !all;
    auto& out_step = some ? outputs_step : step;
    const auto out = some ? wanted : x;
    run_layer(layer, x, out, step, out_step);
    if (some && spec_.d_per_layer > 0) {
      const std::size_t width = per_layer.extent(1) * per_layer.extent(2);
      const auto rows = scratch_.take({out.rows(), width});
      copy_rows(per_layer.reshaped({x.rows(), width}), batch.output_rows, rows);
      per_layer = rows;
    }
    if (spec_.d_per_layer > 0) add_per_layer(layer, i, out, per_layer, out_step);
    if (layer.output_scale != 1) ops::scale(out, layer.output_scale, pool_);
  }
  if (all || layers_.empty()) copy_rows(x, batch.output_rows, wanted);
  if (!output_norm_.empty()) apply(output_norm_, wanted, wanted, step);
  return wanted;
}

Tensor Transformer::hidden(const Batch& batch, const KvCache& cache, StatePool& states) {
  const Scratch::Scope scope(scratch_);  // given back now, overwritten by the next call only
  auto step = begin_step(batch, cache, states);
  return run(batch, step);
}

Tensor Transformer::logits(const Batch& batch, const KvCache& cache, StatePool& states) {
  const Scratch::Scope scope(scratch_);
  auto step = begin_step(batch, cache, states);
  const auto wanted = run(batch, step);
  if (batch.given_up != nullptr && *batch.given_up) return {};
  auto& input = step.scratch.take_input(wanted);
  const auto& weight = head_.empty() ? token_embedding_ : head_.weight;
  const auto out = scratch_.take({wanted.rows(), spec_.info.n_vocab});
  ops::matmul(input, weight, out, pool_);
  if (!head_.bias.empty()) ops::add_bias(out, std::span<const float>(head_.bias), pool_);
  if (spec_.logit_scale != 1) ops::scale(out, spec_.logit_scale, pool_);
  if (spec_.logit_softcap > 0) ops::softcap(out, spec_.logit_softcap, pool_);
  return out;
}

namespace {}  // namespace

std::vector<float> Transformer::apply_to_vector(const Linear& linear, std::span<const float> x) {
  std::vector<float> out(linear.weight.n_out());
  const Tensor row(out.data(), {1, out.size()});
  ops::matmul(ConstTensor(x.data(), {1, x.size()}), linear.weight, row, pool_);
  if (!linear.bias.empty()) ops::add_bias(row, std::span<const float>(linear.bias), pool_);
  return out;
}

std::vector<float> Transformer::project(std::vector<float> pooled) {
  if (!pooled_up_.empty()) pooled = apply_to_vector(pooled_up_, pooled);
  if (!pooled_down_.empty()) pooled = apply_to_vector(pooled_down_, pooled);
  return pooled;
}

std::vector<float> Transformer::scores(std::span<const float> pooled) {
  std::vector<float> x(pooled.begin(), pooled.end());
  if (!classifier_.empty()) {
    x = apply_to_vector(classifier_, x);
    const Tensor row(x.data(), {1, x.size()});
    if (spec_.rank.gelu) {
      ops::activate(ops::Activation::GeluTanh, row, row, pool_);
    } else {
      for (float& value : x) value = std::tanh(value);
    }
    if (!classifier_norm_.empty()) {
      ops::layer_norm(row, std::span<const float>(classifier_norm_.weight),
                      std::span<const float>(classifier_norm_.bias), spec_.norm_epsilon, row,
                      pool_);
    }
  }
  if (classifier_out_.empty()) return x;
  auto scores = apply_to_vector(classifier_out_, x);
  if (spec_.rank.softmax) softmax(scores);
  return scores;
}

}  // namespace engine
