#include "train/model/shape.h"

#include <cmath>
#include <numbers>

#include "base/random.h"

namespace train {

Layout::Layout(const Shape& shape) {
  const auto add = [this](std::string name, int rows, int cols) {
    const std::int64_t offset = size;
    weights.push_back({std::move(name), offset, rows, cols});
    size += weights.back().size();
    return offset;
  };
  embedding = add("token_embd.weight", shape.vocab_size, shape.d_model);
  for (int i = 0; i < shape.n_layers; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    LayerOffsets layer;
    layer.attn_norm = add(prefix + "attn_norm.weight", 1, shape.d_model);
    layer.qkv = add(prefix + "attn_q.weight", shape.d_query(), shape.d_model);
    add(prefix + "attn_k.weight", shape.d_kv(), shape.d_model);
    add(prefix + "attn_v.weight", shape.d_kv(), shape.d_model);
    layer.attn_out = add(prefix + "attn_output.weight", shape.d_model, shape.d_query());
    layer.ffn_norm = add(prefix + "ffn_norm.weight", 1, shape.d_model);
    layer.gate_up = add(prefix + "ffn_gate.weight", shape.d_ff, shape.d_model);
    add(prefix + "ffn_up.weight", shape.d_ff, shape.d_model);
    layer.down = add(prefix + "ffn_down.weight", shape.d_model, shape.d_ff);
    layers.push_back(layer);
  }
  output_norm = add("output_norm.weight", 1, shape.d_model);
}

std::vector<float> initial_weights(const Shape& shape, std::uint64_t seed) {
  const Layout layout(shape);
  std::vector<float> values(static_cast<std::size_t>(layout.size));
  base::SeededRandom random(seed);
  // Box-Muller: one normal number from two uniform ones.
  const auto normal = [&random] {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
    return radius * std::cos(2.0 * std::numbers::pi * random.unit());
  };
  const double residual = 1.0 / std::sqrt(2.0 * shape.n_layers);
  for (const Weight& weight : layout.weights) {
    const bool writes_residual =
        weight.name.ends_with("attn_output.weight") || weight.name.ends_with("ffn_down.weight");
    const double deviation = 0.02 * (writes_residual ? residual : 1.0);
    for (std::int64_t i = 0; i < weight.size(); ++i) {
      const double value = weight.rows == 1 ? 1.0 : deviation * normal();
      values[static_cast<std::size_t>(weight.offset + i)] = static_cast<float>(value);
    }
  }
  return values;
}

}  // namespace train
