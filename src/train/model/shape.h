// The shape of a llama-architecture model and where each weight lies in one flat array.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace train {

struct Shape {
  int vocab_size = 4096;
  int d_model = 256;
  int n_layers = 5;
  int n_heads = 4;
  int n_kv_heads = 2;
  int d_head = 64;
  int d_ff = 704;
  int context = 2048;  // longest document
  float rope_theta = 10000.0f;
  float norm_epsilon = 1e-5f;

  int d_query() const { return n_heads * d_head; }
  int d_kv() const { return n_kv_heads * d_head; }
  int d_qkv() const { return d_query() + 2 * d_kv(); }

  bool operator==(const Shape&) const = default;
};

// One weight: `name` as GGUF spells it, [rows, cols] f32 at `offset` of the flat array. A vector
// has one row.
struct Weight {
  std::string name;
  std::int64_t offset = 0;
  int rows = 0;
  int cols = 0;
  std::int64_t size() const { return std::int64_t{rows} * cols; }
};

// Offsets of one layer. Query, key and value follow each other, as do gate and up, so that each
// group is one matrix product.
struct LayerOffsets {
  std::int64_t attn_norm = 0;
  std::int64_t qkv = 0;
  std::int64_t attn_out = 0;
  std::int64_t ffn_norm = 0;
  std::int64_t gate_up = 0;
  std::int64_t down = 0;
};

// The embedding is also the output matrix.
struct Layout {
  explicit Layout(const Shape& shape);

  std::vector<Weight> weights;
  std::vector<LayerOffsets> layers;
  std::int64_t embedding = 0;
  std::int64_t output_norm = 0;
  std::int64_t size = 0;  // floats in all
};

// Normal weights of deviation 0.02, the two matrices that write to the residual stream smaller by
// sqrt(2 n_layers), gains one.
std::vector<float> initial_weights(const Shape& shape, std::uint64_t seed);

}  // namespace train
