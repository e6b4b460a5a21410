#include "engine/model/blocks/linear.h"

namespace engine {

using compute::ConstTensor;
using compute::MatmulInput;
using compute::Tensor;
namespace ops = compute::ops;

namespace {

void add_adapters(const LoraSite& site, ConstTensor x, Tensor out, Step& step) {
  for (const auto& rows : step.batch.sequences) {
    if (rows.adapter == kNoAdapter) continue;
    for (const auto& part : site.parts) {
      if (part.adapter != rows.adapter) continue;
      const Scratch::Scope scope(step.scratch);
      const auto first = static_cast<std::size_t>(rows.first_row);
      const auto count = static_cast<std::size_t>(rows.count);
      auto low = step.scratch.take({count, part.a.n_out()});
      ops::matmul(x.slice(first, count), part.a, low, step.pool);
      ops::scale(low, part.scale, step.pool);
      ops::matmul_add(low, part.b, out.slice(first, count), step.pool);
    }
  }
}

}  // namespace

void apply(const Linear& linear, MatmulInput& x, Tensor out, Step& step) {
  ops::matmul(x, linear.weight, out, step.pool);
  if (!linear.bias.empty()) {
    ops::add_bias(out, std::span<const float>(linear.bias), step.pool);
  }
  if (linear.lora && !linear.lora->parts.empty() && x.x().extent(0) == step.rows()) {
    add_adapters(*linear.lora, x.x(), out, step);
  }
}

Tensor apply(const Linear& linear, MatmulInput& x, Step& step) {
  auto out = step.scratch.take({x.x().rows(), linear.weight.n_out()});
  apply(linear, x, out, step);
  return out;
}

void apply(const Norm& norm, ConstTensor x, Tensor out, Step& step) {
  const ConstTensor weight = std::span<const float>(norm.weight);
  if (norm.kind == NormKind::Rms) {
    ops::rms_norm(x, weight, step.norm_epsilon, out, step.pool);
  } else {
    ops::layer_norm(x, weight, std::span<const float>(norm.bias), step.norm_epsilon, out,
                    step.pool);
  }
}

void apply_per_head(const Norm& norm, Tensor x, Step& step) {
  const std::size_t n_heads = x.extent(1), d_head = x.extent(2);
  if (norm.kind == NormKind::Rms) {
    const ConstTensor weight = norm.weight.size() == d_head
                                   ? ConstTensor(norm.weight.data(), {d_head})
                                   : ConstTensor(norm.weight.data(), {n_heads, d_head});
    ops::rms_norm_heads(x, weight, step.norm_epsilon, step.pool);
    return;
  }
  // Layer norms with a weight per head: one head at a time over all tokens is not contiguous, so
  // token by token.
  for (std::size_t t = 0; t < x.extent(0); ++t) {
    for (std::size_t h = 0; h < n_heads; ++h) {
      const Tensor head(x.values() + (t * n_heads + h) * d_head, {1, d_head});
      const std::size_t offset = norm.weight.size() == d_head ? 0 : h * d_head;
      ops::layer_norm(head, ConstTensor(norm.weight.data() + offset, {d_head}),
                      ConstTensor(std::span<const float>()), step.norm_epsilon, head, step.pool);
    }
  }
}

}  // namespace engine
