// Rearranging 16 rows of a weight matrix into one strip of a packed format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "compute/dtype.h"
#include "compute/kernels/isa.h"
#include "compute/kernels/packed_format.h"

namespace compute {

// The rows of a strip as the file has them; null for the padding after the last row.
using StripRows = std::array<const std::uint8_t*, kStripRows>;

// The packed form that a weight type is stored in. Every product with the stored form is as exact
// as with the original: nothing is rounded, except that scales which the file splits in two factors
// may be multiplied out in f32, and that F16 becomes integers (kernels/fixed_block.h).
PackedFormat packed_format(DType dtype);

// With the kernels of `isa` where there is something to compute, which gives the same for all.
// Writes strip_bytes(packed_format(dtype), n_in) bytes.
void pack_strip(DType dtype, const StripRows& rows, std::size_t n_in, Isa isa, std::uint8_t* out);

}  // namespace compute
