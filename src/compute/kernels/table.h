// The kernels of one instruction set as a table of functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "compute/kernels/attention.h"
#include "compute/kernels/isa.h"
#include "compute/kernels/packed_format.h"

namespace compute {

// A rectangle of x * weight^T: strip pairs [pair_begin, pair_end) by panels [panel_begin,
// panel_end).
struct MultiplyTask {
  const std::uint8_t* weights = nullptr;  // strip 0, 64-byte aligned
  std::size_t strip_bytes = 0;
  std::size_t n_out = 0;
  std::size_t n_in = 0;
  std::size_t pair_begin = 0;
  std::size_t pair_end = 0;

  const std::uint8_t* panels = nullptr;  // panel 0
  std::size_t n_rows = 0;                // of x, in all panels
  std::size_t panel_begin = 0;
  std::size_t panel_end = 0;

  float* out = nullptr;     // [n_rows, n_out]
  bool accumulate = false;  // add to out instead of overwriting it
};

// Functions of single elements; ops.h gives the formulas.
enum class Activation : std::uint8_t {
  Silu,
  GeluTanh,
  GeluErf,
  GeluQuick,
  Relu,
  Relu2,
  Sigmoid,
  Tanh,
  kCount
};
inline constexpr auto kActivations = static_cast<std::size_t>(Activation::kCount);

struct KernelTable {
  // Fill one panel from `rows` rows of x, `n_in` apart: integers, with a scale per block or per 8
  // blocks, bf16, or integers of 14 bits.
  using FillPanel = void (*)(const float* x, std::size_t n_in, std::size_t rows,
                             std::uint8_t* panel);
  std::array<FillPanel, 2> quantize_panel;
  FillPanel round_panel;
  FillPanel fix_panel;
  // Up to kFixedColumns f16 weights of a row as integers, and zeros beyond them; their scale.
  float (*fix_weights)(const std::uint8_t* f16, std::size_t count, std::int16_t* out);

  // Indexed by PackedFormat.
  std::array<void (*)(const MultiplyTask& task), static_cast<std::size_t>(PackedFormat::kCount)>
      multiply;

  // Indexed by Activation. `up` may be null for a factor of one; out may be an input.
  std::array<void (*)(const float* x, const float* up, float* out, std::size_t n), kActivations>
      gated;
  void (*swiglu_clamped)(const float* gate, const float* up, float alpha, float limit, float* out,
                         std::size_t n);
  void (*softcap)(float* x, float cap, std::size_t n);

  // One row each. A null weight counts as ones, a null bias as zeros.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, float* out, std::size_t n);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon,
                     float* out, std::size_t n);
  void (*l2_norm)(const float* x, float epsilon, float* out, std::size_t n);
  void (*softmax)(float* x, std::size_t n);

  std::array<AttentionLoops, 4> attention;  // indexed by CacheType
  SoftenPage soften_page;
};

// The table of an available instruction set.
const KernelTable& kernels(Isa isa);

}  // namespace compute
