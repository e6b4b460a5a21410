// Rows of any GGUF weight type as f32.
#pragma once

#include <cstddef>
#include <span>

#include "compute/dtype.h"

namespace compute::quant {

// True for the types a weight matrix may have: plain floats and every block format.
bool can_dequantize(DType dtype);

// Expands one row, bit-exactly as the format defines. `bytes` holds row_bytes(dtype, out.size()) of
// a type for which can_dequantize() is true.
void dequantize_row(DType dtype, std::span<const std::byte> bytes, std::span<float> out);

}  // namespace compute::quant
