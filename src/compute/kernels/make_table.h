// Puts together the table of one instruction set from the algorithms and its vocabulary.
#pragma once

#include "compute/kernels/attention_bf16.h"
#include "compute/kernels/attention_loops.h"
#include "compute/kernels/elementwise.h"
#include "compute/kernels/fixed_block.h"
#include "compute/kernels/float_product.h"
#include "compute/kernels/integer_product.h"
#include "compute/kernels/quantize_panel.h"
#include "compute/kernels/rows.h"
#include "compute/kernels/table.h"

namespace compute {

// B: the vocabulary of what multiplies bf16.
template <class V, class B = V>
constexpr KernelTable make_table() {
  return {
      .quantize_panel = {quantize_panel<V, 1>, quantize_panel<V, 8>},
      .round_panel = round_panel_bf16<B>,
      .fix_panel = fix_panel<V>,
      .fix_weights = fix_weights<V>,
      // In the order of PackedFormat.
      .multiply = {multiply_float<V, F32Format<V>>, multiply_float<B, Bf16Format<B>>,
                   multiply_integer<V, FixedFormat<V>>, multiply_integer<V, Q4Format<V>>,
                   multiply_integer<V, Q8Format<V>>, multiply_integer<V, Iq4Format<V>>,
                   multiply_integer<V, Fp4Format<V>>, multiply_integer<V, Q4KFormat<V>>,
                   multiply_integer<V, Q5KFormat<V>>, multiply_integer<V, Q6KFormat<V>>,
                   multiply_integer<V, GroupFormat<V>>, multiply_integer<V, GroupOffsetFormat<V>>},
      // In the order of Activation.
      .gated = {gated<V, Silu<V>>, gated<V, GeluTanh<V>>, gated<V, GeluErf<V>>,
                gated<V, GeluQuick<V>>, gated<V, Relu<V>>, gated<V, Relu2<V>>, gated<V, Sigmoid<V>>,
                gated<V, Tanh<V>>},
      .swiglu_clamped = swiglu_clamped<V>,
      .softcap = softcap<V>,
      .rms_norm = rms_norm_row<V>,
      .layer_norm = layer_norm_row<V>,
      .l2_norm = l2_norm_row<V>,
      .softmax = softmax_row<V>,
      .attention = {attention_loops<V, CachedF32>(), attention_loops<V, CachedF16>(),
                    attention_loops<V, CachedQ8>(), bf16_attention_loops<B>()},
      .soften_page = attention_soften<V>};
}

}  // namespace compute
