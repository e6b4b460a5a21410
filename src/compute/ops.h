// The arithmetic of neural network layers on f32 tensors. Every function may be called with `out`
// equal to an input; none allocates. "Row" means the innermost dimension; each row's result depends
// on that row alone, bit for bit, whatever else is in the tensor and however many threads work.
#pragma once

#include <cstddef>

#include "compute/kernels/table.h"
#include "compute/matmul.h"
#include "compute/rope.h"
#include "compute/tensor.h"
#include "compute/threads.h"

namespace compute::ops {

// --- Normalisation of rows. An empty weight counts as ones, an empty bias as zeros. ---

// out = x / sqrt(mean(x^2) + epsilon) * weight (Zhang & Sennrich 2019, arXiv 1910.07467).
void rms_norm(ConstTensor x, ConstTensor weight, float epsilon, Tensor out, Pool& pool);
// The same for each head, in place. x: [T, n_heads, d_head]; weight: [d_head] or [n_heads, d_head].
void rms_norm_heads(Tensor x, ConstTensor weight, float epsilon, Pool& pool);
// out = (x - mean) / sqrt(variance + epsilon) * weight + bias (Ba et al. 2016, arXiv 1607.06450).
void layer_norm(ConstTensor x, ConstTensor weight, ConstTensor bias, float epsilon, Tensor out,
                Pool& pool);
// out = x / max(|x|, epsilon).
void l2_norm(ConstTensor x, float epsilon, Tensor out, Pool& pool);

// Each row of x becomes exp(x - max) / sum.
void softmax(Tensor x, Pool& pool);

// --- Functions of single elements ---

// Silu       x * sigmoid(x)
// GeluTanh   0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
// GeluErf    0.5 x (1 + erf(x / sqrt(2)))
// GeluQuick  x * sigmoid(1.702 x)
// Relu       max(x, 0)
// Relu2      max(x, 0)^2
// Sigmoid, Tanh
using compute::Activation;

void activate(Activation activation, ConstTensor x, Tensor out, Pool& pool);

// out = activation(gate) * up.
void gated(Activation activation, ConstTensor gate, ConstTensor up, Tensor out, Pool& pool);
inline void swiglu(ConstTensor gate, ConstTensor up, Tensor out, Pool& pool) {
  gated(Activation::Silu, gate, up, out, pool);
}
inline void geglu(ConstTensor gate, ConstTensor up, Tensor out, Pool& pool) {
  gated(Activation::GeluTanh, gate, up, out, pool);
}
// gpt-oss: g = min(gate, limit), u = clamp(up, -limit, limit), out = g * sigmoid(alpha g) * (u +
// 1).
void swiglu_clamped(ConstTensor gate, ConstTensor up, float alpha, float limit, Tensor out,
                    Pool& pool);

// cap * tanh(x / cap), in place (Gemma 2).
void softcap(Tensor x, float cap, Pool& pool);

// --- Sums and products ---

void add(ConstTensor a, ConstTensor b, Tensor out, Pool& pool);
void multiply(ConstTensor a, ConstTensor b, Tensor out, Pool& pool);
// Adds the vector `bias` to every row of x.
void add_bias(Tensor x, ConstTensor bias, Pool& pool);
// x *= factor.
void scale(Tensor x, float factor, Pool& pool);
// out += factor * x.
void add_scaled(ConstTensor x, float factor, Tensor out, Pool& pool);

}  // namespace compute::ops
