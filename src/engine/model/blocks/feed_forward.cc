#include "engine/model/blocks/feed_forward.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/model/softmax.h"
#include "engine/size.h"

namespace engine {

using compute::ConstTensor;
using compute::MatmulInput;
using compute::Tensor;
namespace ops = compute::ops;

namespace {

// gpt-oss: slope and limit of its activation.
constexpr float kClampedAlpha = 1.702f;
constexpr float kClampedLimit = 7.0f;

void add_expert_bias(const std::vector<float>& biases, std::size_t expert, Tensor x, Step& step) {
  if (biases.empty()) return;
  const std::size_t width = x.columns();
  ops::add_bias(x, ConstTensor(biases.data() + expert * width, {width}), step.pool);
}

}  // namespace

DenseBlock::DenseBlock(TensorLoader& loader, const DenseSpec& spec, std::size_t d_model,
                       const std::string& suffix)
    : spec_(spec) {
  const auto d_ff = size(spec.d_ff);
  // Some converters take fused matrices apart.
  if (loader.has("ffn_gate" + suffix + ".weight")) spec_.fused_up = false;
  if (spec.gated && !spec_.fused_up) gate_ = loader.linear("ffn_gate" + suffix, d_model, d_ff);
  up_ = loader.linear("ffn_up" + suffix, d_model, spec_.fused_up ? 2 * d_ff : d_ff);
  down_ = loader.linear("ffn_down" + suffix, d_ff, d_model);
}

void DenseBlock::forward(ConstTensor x, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  auto& input = step.scratch.take_input(x);
  auto up = apply(up_, input, step);
  if (spec_.fused_up) {
    const auto d_ff = size(spec_.d_ff);
    const auto hidden = step.scratch.take({x.rows(), d_ff});
    for (std::size_t t = 0; t < x.rows(); ++t) {
      const ConstTensor row = std::span<const float>(up.row(t));
      ops::gated(spec_.activation, std::span<const float>(row.values(), d_ff),
                 std::span<const float>(row.values() + d_ff, d_ff), hidden.row(t), step.pool);
    }
    up = hidden;
  } else if (spec_.gated) {
    const auto gate = apply(gate_, input, step);
    ops::gated(spec_.activation, gate, up, up, step.pool);
  } else {
    ops::activate(spec_.activation, up, up, step.pool);
  }
  auto& hidden = step.scratch.take_input(up);
  apply(down_, hidden, out, step);
}

ExpertsBlock::ExpertsBlock(TensorLoader& loader, const ExpertsSpec& spec, std::size_t d_model)
    : spec_(spec) {
  const auto n = size(spec.n_experts), d_ff = size(spec.d_ff);
  router_ = loader.linear("ffn_gate_inp", d_model, n);
  selection_bias_ = loader.optional_floats("exp_probs_b.bias", n);
  if (loader.has("ffn_gate_up_exps.weight")) {
    up_ = loader.experts("ffn_gate_up_exps", d_model, 2 * d_ff, n);
  } else {
    gate_ = loader.experts("ffn_gate_exps", d_model, d_ff, n);
    up_ = loader.experts("ffn_up_exps", d_model, d_ff, n);
  }
  down_scale_ = loader.optional_floats("ffn_down_exps.scale", n);
  down_ = loader.experts("ffn_down_exps", d_ff, d_model, n);
  gate_bias_ = loader.optional_floats("ffn_gate_exps.bias", n * d_ff);
  up_bias_ = loader.optional_floats("ffn_up_exps.bias", n * d_ff);
  down_bias_ = loader.optional_floats("ffn_down_exps.bias", n * d_model);
  if (spec.d_shared > 0) {
    const DenseSpec shared{.d_ff = spec.d_shared, .activation = spec.activation};
    shared_ = DenseBlock(loader, shared, d_model, "_shexp");
    shared_gate_ = loader.optional_floats("ffn_gate_inp_shexp.weight", d_model);
  }
}

// Keeps the groups whose two best experts sum highest (DeepSeek-V3, section 2.1.2).
void ExpertsBlock::mask_groups(std::span<float> selection) const {
  const std::size_t width = selection.size() / size(spec_.n_groups);
  std::vector<std::pair<float, std::size_t>> groups;
  for (std::size_t g = 0; g < size(spec_.n_groups); ++g) {
    std::vector<float> scores(selection.begin() + static_cast<std::ptrdiff_t>(g * width),
                              selection.begin() + static_cast<std::ptrdiff_t>((g + 1) * width));
    std::ranges::sort(scores, std::greater());
    groups.emplace_back(-(scores[0] + (width > 1 ? scores[1] : 0)), g);
  }
  std::ranges::sort(groups);
  for (std::size_t i = size(spec_.n_groups_used); i < groups.size(); ++i) {
    std::fill_n(selection.data() + groups[i].second * width, width,
                -std::numeric_limits<float>::infinity());
  }
}

// From one row's router logits to its experts and their weights.
void ExpertsBlock::choose(std::span<float> scores, std::vector<Choice>& chosen,
                          std::size_t row) const {
  if (spec_.gating == Gating::Softmax) softmax(scores);
  if (spec_.gating == Gating::Sigmoid) {
    for (float& score : scores) score = 1 / (1 + std::exp(-score));
  }
  std::vector<float> selection(scores.begin(), scores.end());
  if (!selection_bias_.empty()) {
    for (std::size_t e = 0; e < selection.size(); ++e) selection[e] += selection_bias_[e];
  }
  if (spec_.n_groups > 1) mask_groups(selection);
  std::vector<std::size_t> order(selection.size());
  std::iota(order.begin(), order.end(), 0);
  const auto n_used = size(spec_.n_used);
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(n_used),
                            [&](std::size_t a, std::size_t b) {
                              return selection[a] != selection[b] ? selection[a] > selection[b]
                                                                  : a < b;
                            });
  std::vector<float> weights;
  for (std::size_t i = 0; i < n_used; ++i) weights.push_back(scores[order[i]]);
  if (spec_.gating == Gating::SoftmaxOfChosen) softmax(weights);
  float factor = spec_.weight_scale;
  if (spec_.normalise) {
    // The smallest normal half precision number keeps a row of zeros from dividing by zero.
    factor /= std::max(std::reduce(weights.begin(), weights.end()), 0x1p-14f);
  }
  for (std::size_t i = 0; i < n_used; ++i) chosen.push_back({row, order[i], weights[i] * factor});
}

std::vector<ExpertsBlock::Choice> ExpertsBlock::route(Tensor logits, Step&) const {
  std::vector<Choice> chosen;
  for (std::size_t t = 0; t < logits.rows(); ++t) choose(logits.row(t), chosen, t);
  // By expert, so that each one's weights are read once; rows keep their order.
  std::ranges::stable_sort(chosen, {}, &Choice::expert);
  return chosen;
}

void ExpertsBlock::run_expert(std::size_t expert, std::span<const Choice> choices, ConstTensor x,
                              Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const std::size_t count = choices.size(), d_model = x.columns();
  const auto rows = step.scratch.take({count, d_model});
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::copy(x.row(choices[i].row), rows.row(i).begin());
  }
  const auto d_ff = size(spec_.d_ff);
  const auto gate = step.scratch.take({count, d_ff});
  const auto up = step.scratch.take({count, d_ff});
  auto& input = step.scratch.take_input(rows);
  if (gate_.empty()) {
    const auto both = step.scratch.take({count, 2 * d_ff});
    ops::matmul(input, up_.expert(expert), both, step.pool);
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(both.row(i).data(), d_ff, gate.row(i).data());
      std::copy_n(both.row(i).data() + d_ff, d_ff, up.row(i).data());
    }
  } else {
    ops::matmul(input, gate_.expert(expert), gate, step.pool);
    ops::matmul(input, up_.expert(expert), up, step.pool);
  }
  add_expert_bias(gate_bias_, expert, gate, step);
  add_expert_bias(up_bias_, expert, up, step);
  if (spec_.clamped) {
    ops::swiglu_clamped(gate, up, kClampedAlpha, kClampedLimit, up, step.pool);
  } else {
    ops::gated(spec_.activation, gate, up, up, step.pool);
  }
  const auto result = step.scratch.take({count, d_model});
  ops::matmul(up, down_.expert(expert), result, step.pool);
  if (!down_scale_.empty()) ops::scale(result, down_scale_[expert], step.pool);
  add_expert_bias(down_bias_, expert, result, step);
  for (std::size_t i = 0; i < count; ++i) {
    const float weight = choices[i].weight;
    const auto to = out.row(choices[i].row);
    const auto from = result.row(i);
    for (std::size_t k = 0; k < d_model; ++k) to[k] += weight * from[k];
  }
}

void ExpertsBlock::add_shared(ConstTensor x, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const auto shared = step.scratch.take({x.rows(), x.columns()});
  shared_.forward(x, shared, step);
  if (!shared_gate_.empty()) {
    for (std::size_t t = 0; t < x.rows(); ++t) {
      const auto row = x.row(t);
      const float logit = std::inner_product(row.begin(), row.end(), shared_gate_.begin(), 0.0f);
      const float gate = 1 / (1 + std::exp(-logit));
      for (float& value : shared.row(t)) value *= gate;
    }
  }
  ops::add(out, shared, out, step.pool);
}

void ExpertsBlock::forward(ConstTensor x, ConstTensor router_x, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  auto& input = step.scratch.take_input(router_x);
  const auto chosen = route(apply(router_, input, step), step);
  std::ranges::fill(out.span(), 0.0f);
  for (std::size_t begin = 0; begin < chosen.size();) {
    std::size_t end = begin;
    while (end < chosen.size() && chosen[end].expert == chosen[begin].expert) ++end;
    run_expert(chosen[begin].expert, std::span(chosen).subspan(begin, end - begin), x, out, step);
    begin = end;
  }
  if (spec_.d_shared > 0) add_shared(x, out, step);
}

DenseAndExpertsBlock::DenseAndExpertsBlock(TensorLoader& loader, const DenseAndExpertsSpec& spec,
                                           std::size_t d_model)
    : dense_(loader, spec.dense, d_model),
      experts_(loader, spec.experts, d_model),
      dense_norm_(loader.norm("ffn_norm", d_model)),
      dense_post_norm_(loader.norm("post_ffw_norm_1", d_model)),
      experts_norm_(loader.norm("pre_ffw_norm_2", d_model)),
      experts_post_norm_(loader.norm("post_ffw_norm_2", d_model)) {
  router_norm_.weight = loader.floats("ffn_gate_inp.scale", d_model);
  for (float& value : router_norm_.weight) value /= std::sqrt(static_cast<float>(d_model));
}

void DenseAndExpertsBlock::forward(ConstTensor x, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const auto normed = step.scratch.take({x.rows(), x.columns()});
  const auto router_x = step.scratch.take({x.rows(), x.columns()});
  const auto mixed = step.scratch.take({x.rows(), x.columns()});
  apply(dense_norm_, x, normed, step);
  dense_.forward(normed, out, step);
  apply(dense_post_norm_, out, out, step);
  apply(experts_norm_, x, normed, step);
  apply(router_norm_, x, router_x, step);
  experts_.forward(normed, router_x, mixed, step);
  apply(experts_post_norm_, mixed, mixed, step);
  ops::add(out, mixed, out, step.pool);
}

}  // namespace engine
