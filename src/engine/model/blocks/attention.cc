#include "engine/model/blocks/attention.h"

#include <algorithm>
#include <cmath>

#include "engine/model/blocks/paged_attention.h"
#include "engine/size.h"

namespace engine {

using compute::ConstTensor;
using compute::MatmulInput;
using compute::Tensor;
namespace ops = compute::ops;

namespace {

// ALiBi (arXiv 2108.12409), for head counts that are no power of two too.
std::vector<float> alibi_slopes(int n_heads, float bias_max) {
  int power = 1;
  while (power * 2 <= n_heads) power *= 2;
  const float base = std::exp2(-bias_max / static_cast<float>(power));
  const float half = std::exp2(-bias_max / 2 / static_cast<float>(power));
  std::vector<float> slopes;
  for (int h = 0; h < n_heads; ++h) {
    slopes.push_back(h < power ? std::pow(base, static_cast<float>(h + 1))
                               : std::pow(half, static_cast<float>(2 * (h - power) + 1)));
  }
  return slopes;
}

// Columns [begin, begin + count) of x, as a tensor of their own.
Tensor columns(ConstTensor x, std::size_t begin, std::size_t count, Step& step) {
  auto out = step.scratch.take({x.rows(), count});
  for (std::size_t t = 0; t < x.rows(); ++t) {
    std::copy_n(x.row(t).data() + begin, count, out.row(t).data());
  }
  return out;
}

Norm load_qk_norm(TensorLoader& loader, const std::string& name, const AttentionSpec& spec,
                  int n_heads, const gguf::TensorInfo* tensor) {
  const auto whole = size(n_heads) * size(spec.d_key);
  const bool one_head =
      spec.qk_norm == QkNorm::PerHead && (tensor == nullptr || tensor->n_elements != whole);
  return loader.norm(name, one_head ? size(spec.d_key) : whole, spec.qk_norm_kind);
}

}  // namespace

AttentionBlock::AttentionBlock(TensorLoader& loader, const AttentionSpec& spec, std::size_t d_model,
                               std::size_t kv_layer, bool causal)
    : spec_(spec), kv_layer_(kv_layer), causal_(causal) {
  if (spec_.scale == 0) spec_.scale = 1 / std::sqrt(static_cast<float>(spec_.d_key));
  load_projections(loader, d_model);
  output_ = loader.linear("attn_output", size(spec_.n_heads) * size(spec_.d_value), d_model);
  if (spec_.qk_norm != QkNorm::None) {
    query_norm_ = load_qk_norm(loader, "attn_q_norm", spec_, spec_.n_heads,
                               loader.find_tensor("attn_q_norm.weight"));
    if (spec_.shared_layer < 0) {
      key_norm_ = load_qk_norm(loader, "attn_k_norm", spec_, spec_.n_kv_heads,
                               loader.find_tensor("attn_k_norm.weight"));
    }
  }
  sinks_ = loader.optional_floats("attn_sinks.weight", size(spec_.n_heads));
  if (spec_.alibi_bias > 0) slopes_ = alibi_slopes(spec_.n_heads, spec_.alibi_bias);
}

void AttentionBlock::load_projections(TensorLoader& loader, std::size_t d_model) {
  const auto d_query = size(spec_.n_heads) * size(spec_.d_key);
  const auto d_keys = size(spec_.n_kv_heads) * size(spec_.d_key);
  const auto d_values = size(spec_.n_kv_heads) * size(spec_.d_value);
  if (!spec_.gated && spec_.shared_layer < 0 && loader.has("attn_qkv.weight")) {
    query_key_value_ = loader.linear("attn_qkv", d_model, d_query + d_keys + d_values);
    return;
  }
  query_ = loader.linear("attn_q", d_model, spec_.gated ? 2 * d_query : d_query);
  if (spec_.shared_layer >= 0) return;
  key_ = loader.linear("attn_k", d_model, d_keys);
  if (!spec_.value_from_key) value_ = loader.linear("attn_v", d_model, d_values);
}

AttentionBlock::Projected AttentionBlock::project(MatmulInput& x, Step& step) const {
  const std::size_t rows = x.x().rows();
  const auto n_heads = size(spec_.n_heads), n_kv = size(spec_.n_kv_heads);
  const auto d_key = size(spec_.d_key), d_value = size(spec_.d_value);
  Projected projected;
  if (!query_key_value_.empty()) {
    const auto all = apply(query_key_value_, x, step);
    projected.queries = columns(all, 0, n_heads * d_key, step);
    projected.keys = columns(all, n_heads * d_key, n_kv * d_key, step);
    projected.values = columns(all, (n_heads + n_kv) * d_key, n_kv * d_value, step);
  } else {
    const auto queries = apply(query_, x, step);
    if (spec_.gated) {
      split_gate(queries, projected, step);
    } else {
      projected.queries = queries;
    }
    if (!key_.empty()) {
      projected.keys = apply(key_, x, step);
      if (!value_.empty()) {
        projected.values = apply(value_, x, step);
      } else {
        projected.values = columns(projected.keys, 0, n_kv * d_key, step);
      }
    }
  }
  projected.queries = projected.queries.reshaped({rows, n_heads, d_key});
  if (spec_.shared_layer < 0) {
    projected.keys = projected.keys.reshaped({rows, n_kv, d_key});
    projected.values = projected.values.reshaped({rows, n_kv, d_value});
  }
  return projected;
}

// The projection holds, head by head, the query and then the gate.
void AttentionBlock::split_gate(ConstTensor mixed, Projected& projected, Step& step) const {
  const auto d = size(spec_.d_key), n_heads = size(spec_.n_heads);
  projected.queries = step.scratch.take({mixed.rows(), n_heads * d});
  projected.gate = step.scratch.take({mixed.rows(), n_heads * d});
  for (std::size_t t = 0; t < mixed.rows(); ++t) {
    for (std::size_t h = 0; h < n_heads; ++h) {
      const float* head = mixed.row(t).data() + h * 2 * d;
      std::copy_n(head, d, projected.queries.row(t).data() + h * d);
      std::copy_n(head + d, d, projected.gate.row(t).data() + h * d);
    }
  }
}

void AttentionBlock::prepare_keys(Projected& projected, Step& step) const {
  auto& keys = projected.keys;
  if (spec_.value_norm) {
    ops::rms_norm_heads(projected.values, std::span<const float>(), step.norm_epsilon, step.pool);
  }
  if (spec_.qk_norm == QkNorm::PerHead) apply_per_head(key_norm_, keys, step);
  if (spec_.qk_norm == QkNorm::Whole) {
    const auto flat = keys.reshaped({keys.extent(0), keys.extent(1) * keys.extent(2)});
    apply(key_norm_, flat, flat, step);
  }
  if (spec_.rope >= 0) ops::rope(keys, step.angles[size(spec_.rope)], step.pool);
  append_kv(step, kv_layer_, keys, projected.values);
}

void AttentionBlock::forward(ConstTensor normed, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  auto& x = step.scratch.take_input(normed);
  auto projected = project(x, step);
  auto& queries = projected.queries;
  if (spec_.shared_layer < 0) prepare_keys(projected, step);

  if (spec_.qk_norm == QkNorm::PerHead) apply_per_head(query_norm_, queries, step);
  if (spec_.qk_norm == QkNorm::Whole) {
    const auto flat = queries.reshaped({queries.extent(0), queries.extent(1) * queries.extent(2)});
    apply(query_norm_, flat, flat, step);
  }
  if (spec_.rope >= 0) ops::rope(queries, step.angles[size(spec_.rope)], step.pool);
  grow_queries(spec_.growth, queries, step.batch.positions);

  const std::size_t rows = normed.rows();
  const auto n_heads = size(spec_.n_heads), d_value = size(spec_.d_value);
  const auto attended = step.scratch.take({rows, n_heads, d_value});
  attend(step, kv_layer_, queries, attended,
         {.scale = spec_.scale,
          .window = spec_.window,
          .softcap = spec_.softcap,
          .causal = causal_,
          .sinks = sinks_,
          .slopes = slopes_});
  const auto flat = attended.reshaped({rows, n_heads * d_value});
  if (spec_.gated) {
    ops::activate(ops::Activation::Sigmoid, projected.gate, projected.gate, step.pool);
    ops::multiply(flat, projected.gate, flat, step.pool);
  }
  auto& attended_input = step.scratch.take_input(flat);
  apply(output_, attended_input, out, step);
}

}  // namespace engine
