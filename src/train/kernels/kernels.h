// The arithmetic of training, as a table of functions chosen once at start: matrix products and the
// loops between them. Knows arrays and sizes, no model. All matrices are row-major f32.
#pragma once

#include <cstdint>
#include <vector>

namespace train {

// One factor of a product: element (i, j) is data[i * stride + j], or data[j * stride + i] when
// `transposed`.
struct Factor {
  const float* data = nullptr;
  std::int64_t stride = 0;
  bool transposed = false;
};

struct ProductSize {
  int rows = 0;   // of the result
  int cols = 0;   // of the result
  int inner = 0;  // length of each dot product
};

// Packing space of one thread, grown as needed and reused.
struct PackingSpace {
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
};

// One document's attention: `length` consecutive rows of the fused projection
// qkv [length, (n_heads + 2 n_kv_heads) * d_head], queries first.
struct AttentionSize {
  int length = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int d_head = 0;
};

struct Kernels {
  const char* name;

  // out [rows, cols] = (accumulate ? out : 0) + a [rows, inner] * b [inner, cols].
  // The AVX-512 version rounds both factors to bf16 and sums in f32.
  void (*multiply)(ProductSize size, Factor a, Factor b, float* out, std::int64_t out_stride,
                   bool accumulate, PackingSpace& space);

  // normed = x * inv_rms * gain; x, normed [n_rows, width]; inv_rms [n_rows] is kept for the way
  // back.
  void (*rms_norm)(const float* x, const float* gain, float epsilon, int n_rows, int width,
                   float* normed, float* inv_rms);
  // d_x += gradient through the norm; d_gain += its own.
  void (*rms_norm_backward)(const float* x, const float* gain, const float* inv_rms,
                            const float* d_normed, int n_rows, int width, float* d_x,
                            float* d_gain);

  // Turns neighbouring pairs (2i, 2i + 1) of each head by position * angles[i]; `direction` -1
  // undoes it. cos_sin [n_positions, d_head] holds cosine and sine in turn.
  void (*rope)(float* rows, std::int64_t stride, int n_rows, int n_heads, int d_head,
               const int* positions, const float* cos_sin, float direction);

  // act = silu(gate) * up; gate_up [n_rows, 2 width], gate first.
  void (*swiglu)(const float* gate_up, int n_rows, int width, float* act);
  void (*swiglu_backward)(const float* gate_up, const float* d_act, int n_rows, int width,
                          float* d_gate_up);

  // Causal attention within one document. out [length, n_heads * d_head]; log_sum [n_heads,
  // length] is kept for the way back. `space` needs attention_space(size) floats.
  void (*attend)(AttentionSize size, const float* qkv, float* out, float* log_sum, float* space);
  void (*attend_backward)(AttentionSize size, const float* qkv, const float* out,
                          const float* log_sum, const float* d_out, float* d_qkv, float* space);

  // logits [n_rows, width] become their own gradient: weight * (softmax - one at target). Adds up
  // loss[row] = -weight * log p(target).
  void (*softmax_loss)(float* logits, int n_rows, int width, const int* targets,
                       const float* weights, float* loss);

  // One AdamW step on n parameters.
  void (*adamw)(float* parameters, const float* gradients, float* first, float* second,
                std::int64_t n, float rate, float beta1, float beta2, float correction1,
                float correction2, float decay);
};

std::int64_t attention_space(AttentionSize size);

// The best table this machine can run; `portable_kernels` runs everywhere and is exact f32.
const Kernels& best_kernels();
const Kernels& portable_kernels();

}  // namespace train
