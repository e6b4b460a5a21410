// Rows of f32 as GGUF weight types.
#pragma once

#include <cstddef>
#include <span>

#include "compute/dtype.h"

namespace compute::quant {

// F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K.
bool can_quantize(DType dtype);

// Fills `out`, row_bytes(dtype, x.size()) bytes, for a type with can_quantize(). Block formats
// search for the scales with the least squared error. Values should be finite.
void quantize_row(DType dtype, std::span<const float> x, std::span<std::byte> out);

}  // namespace compute::quant
