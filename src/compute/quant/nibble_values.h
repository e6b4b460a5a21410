// The value tables of 4-bit formats that are not evenly spaced. They are part of the file formats.
#pragma once

#include <array>
#include <cstdint>

namespace compute::quant {

using NibbleValues = std::array<std::int8_t, 16>;

// IQ4_NL, IQ4_XS: denser around zero, as trained weights are.
inline constexpr NibbleValues kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                            1,    13,   25,  38,  53,  69,  89,  113};

// MXFP4, NVFP4: twice the values of a 4-bit float with 2 exponent bits and 1 mantissa bit (OCP
// Microscaling Formats 1.0, section 5.3.3).
inline constexpr NibbleValues kFp4Values = {0, 1,  2,  3,  4,  6,  8,  12,
                                            0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace compute::quant
