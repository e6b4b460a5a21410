#include "engine/model/blocks/mla.h"

#include <algorithm>

#include "engine/model/blocks/paged_attention.h"
#include "engine/size.h"

namespace engine {

using compute::ConstTensor;
using compute::MatmulInput;
using compute::Tensor;
namespace ops = compute::ops;

namespace {}  // namespace

MlaBlock::MlaBlock(TensorLoader& loader, const MlaSpec& spec, std::size_t d_model,
                   std::size_t kv_layer)
    : spec_(spec), kv_layer_(kv_layer) {
  const auto d_queries = size(spec.n_heads) * (size(spec.d_nope) + size(spec.d_rope));
  if (spec.q_rank > 0) {
    query_down_ = loader.linear("attn_q_a", d_model, size(spec.q_rank));
    query_norm_ = loader.norm("attn_q_a_norm", size(spec.q_rank));
    query_up_ = loader.linear("attn_q_b", size(spec.q_rank), d_queries);
  } else {
    query_ = loader.linear("attn_q", d_model, d_queries);
  }
  latent_ = loader.linear("attn_kv_a_mqa", d_model, size(spec.kv_rank) + size(spec.d_rope));
  latent_norm_ = loader.norm("attn_kv_a_norm", size(spec.kv_rank));
  load_heads(loader);
  output_ = loader.linear("attn_output", size(spec.n_heads) * size(spec.d_value), d_model);
}

// Newer files hold the heads' matrices apart, with keys transposed; older ones hold both in one,
// head after head.
void MlaBlock::load_heads(TensorLoader& loader) {
  const auto n_heads = size(spec_.n_heads), rank = size(spec_.kv_rank);
  const auto d_nope = size(spec_.d_nope), d_value = size(spec_.d_value);
  if (loader.has("attn_k_b.weight")) {
    key_up_ = loader.experts("attn_k_b", d_nope, rank, n_heads);
    value_up_ = loader.experts("attn_v_b", rank, d_value, n_heads);
    return;
  }
  const auto both = loader.floats("attn_kv_b.weight", n_heads * (d_nope + d_value) * rank);
  if (both.empty()) return;
  key_up_floats_.resize(n_heads * rank * d_nope);
  value_up_floats_.resize(n_heads * d_value * rank);
  for (std::size_t h = 0; h < n_heads; ++h) {
    const float* head = both.data() + h * (d_nope + d_value) * rank;
    for (std::size_t i = 0; i < d_nope; ++i) {
      for (std::size_t r = 0; r < rank; ++r) {
        key_up_floats_[(h * rank + r) * d_nope + i] = head[i * rank + r];
      }
    }
    std::copy_n(head + d_nope * rank, d_value * rank, value_up_floats_.data() + h * d_value * rank);
  }
  key_up_ = loader.experts_of(key_up_floats_, d_nope, rank, n_heads);
  value_up_ = loader.experts_of(value_up_floats_, rank, d_value, n_heads);
}

Tensor MlaBlock::project_queries(MatmulInput& x, Step& step) const {
  if (query_down_.empty()) return apply(query_, x, step);
  const auto low = apply(query_down_, x, step);
  apply(query_norm_, low, low, step);
  auto& input = step.scratch.take_input(low);
  return apply(query_up_, input, step);
}

// One latent vector and one rotated key per token, seen by all heads.
void MlaBlock::append(MatmulInput& x, Step& step) const {
  const auto rank = size(spec_.kv_rank), d_rope = size(spec_.d_rope);
  const auto mixed = apply(latent_, x, step);  // [T, kv_rank + d_rope]
  const std::size_t rows = mixed.rows();
  const auto latent = step.scratch.take({rows, 1, rank});
  const auto rotated = step.scratch.take({rows, 1, d_rope});
  for (std::size_t t = 0; t < rows; ++t) {
    std::copy_n(mixed.row(t).data(), rank, latent.row(t).data());
    std::copy_n(mixed.row(t).data() + rank, d_rope, rotated.row(t).data());
  }
  const auto flat = latent.reshaped({rows, rank});
  apply(latent_norm_, flat, flat, step);
  ops::rope(rotated, step.angles[size(spec_.rope)], step.pool);
  const auto keys = step.scratch.take({rows, 1, rank + d_rope});
  for (std::size_t t = 0; t < rows; ++t) {
    std::copy_n(latent.row(t).data(), rank, keys.row(t).data());
    std::copy_n(rotated.row(t).data(), d_rope, keys.row(t).data() + rank);
  }
  append_kv(step, kv_layer_, keys, latent);
}

// Queries [T, n_heads * (d_nope + d_rope)] as the latent space sees them: [T, n_heads, kv_rank +
// d_rope].
Tensor MlaBlock::absorb(ConstTensor queries, Step& step) const {
  const std::size_t rows = queries.rows();
  const auto n_heads = size(spec_.n_heads), rank = size(spec_.kv_rank);
  const auto d_nope = size(spec_.d_nope), d_rope = size(spec_.d_rope);
  const auto absorbed = step.scratch.take({rows, n_heads, rank + d_rope});
  const auto rotated = step.scratch.take({rows, n_heads, d_rope});
  const auto plain = step.scratch.take({rows, d_nope});
  const auto projected = step.scratch.take({rows, rank});
  for (std::size_t h = 0; h < n_heads; ++h) {
    for (std::size_t t = 0; t < rows; ++t) {
      const float* head = queries.row(t).data() + h * (d_nope + d_rope);
      std::copy_n(head, d_nope, plain.row(t).data());
      std::copy_n(head + d_nope, d_rope, rotated.row(t * n_heads + h).data());
    }
    ops::matmul(plain, key_up_.expert(h), projected, step.pool);
    for (std::size_t t = 0; t < rows; ++t) {
      std::copy_n(projected.row(t).data(), rank, absorbed.row(t * n_heads + h).data());
    }
  }
  ops::rope(rotated, step.angles[size(spec_.rope)], step.pool);
  for (std::size_t i = 0; i < rows * n_heads; ++i) {
    std::copy_n(rotated.row(i).data(), d_rope, absorbed.row(i).data() + rank);
  }
  return absorbed;
}

void MlaBlock::forward(ConstTensor normed, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const std::size_t rows = normed.rows();
  const auto n_heads = size(spec_.n_heads), rank = size(spec_.kv_rank);
  const auto d_value = size(spec_.d_value);
  auto& x = step.scratch.take_input(normed);
  append(x, step);
  const auto queries = absorb(project_queries(x, step), step);
  grow_queries(spec_.growth, queries, step.batch.positions);
  const auto attended = step.scratch.take({rows, n_heads, rank});
  attend(step, kv_layer_, queries, attended, {.scale = spec_.scale});

  const auto values = step.scratch.take({rows, n_heads * d_value});
  const auto latent = step.scratch.take({rows, rank});
  const auto head_values = step.scratch.take({rows, d_value});
  for (std::size_t h = 0; h < n_heads; ++h) {
    for (std::size_t t = 0; t < rows; ++t) {
      std::copy_n(attended.row(t * n_heads + h).data(), rank, latent.row(t).data());
    }
    ops::matmul(latent, value_up_.expert(h), head_values, step.pool);
    for (std::size_t t = 0; t < rows; ++t) {
      std::copy_n(head_values.row(t).data(), d_value, values.row(t).data() + h * d_value);
    }
  }
  auto& input = step.scratch.take_input(values);
  apply(output_, input, out, step);
}

}  // namespace engine
