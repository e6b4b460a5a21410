// The kernels of one instruction set as a table of functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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

struct KernelTable {
  // Fills one integer panel from `rows` rows of x, `n_in` apart.
  void (*quantize_panel)(const float* x, std::size_t n_in, std::size_t rows, std::uint8_t* panel);

  // Indexed by PackedFormat.
  std::array<void (*)(const MultiplyTask& task), static_cast<std::size_t>(PackedFormat::kCount)>
      multiply;
};

// The table of an available instruction set.
const KernelTable& kernels(Isa isa);

}  // namespace compute
