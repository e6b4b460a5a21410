// The codebooks of the IQ1, IQ2 and IQ3 formats: an index in the file stands for 8 (or 4) values at
// once. They are part of the file formats and have no formula.
#pragma once

#include <array>
#include <cstdint>

namespace compute::quant {

// Each entry packs 8 digits of 2 bits, the first element lowest.
extern const std::array<std::uint16_t, 2048> kIq1Codes;    // digit - 1 is the value
extern const std::array<std::uint16_t, 256> kIq2XxsCodes;  // kIq2Values[digit]
extern const std::array<std::uint16_t, 512> kIq2XsCodes;
extern const std::array<std::uint16_t, 1024> kIq2SCodes;
inline constexpr std::array<std::int8_t, 3> kIq2Values = {8, 25, 43};

// Each entry packs 4 digits of 3 bits.
extern const std::array<std::uint16_t, 256> kIq3XxsCodes;  // kIq3XxsValues[digit]
extern const std::array<std::uint16_t, 512> kIq3SCodes;    // 2 * digit + 1 is the value
inline constexpr std::array<std::int8_t, 8> kIq3XxsValues = {4, 12, 20, 28, 36, 44, 52, 62};

}  // namespace compute::quant
