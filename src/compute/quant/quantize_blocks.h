// One block of each format that quantize.h offers.
#pragma once

#include <cstdint>
#include <span>

namespace compute::quant {

// x: block_elements, out: block_bytes of the format.
using Quantize = void (*)(std::span<const float> x, std::uint8_t* out);

void quantize_q4_0(std::span<const float> x, std::uint8_t* out);  // quantize_legacy.cc
void quantize_q4_1(std::span<const float> x, std::uint8_t* out);
void quantize_q5_0(std::span<const float> x, std::uint8_t* out);
void quantize_q5_1(std::span<const float> x, std::uint8_t* out);
void quantize_q8_0(std::span<const float> x, std::uint8_t* out);
void quantize_q4_k(std::span<const float> x, std::uint8_t* out);  // quantize_k.cc
void quantize_q5_k(std::span<const float> x, std::uint8_t* out);
void quantize_q6_k(std::span<const float> x, std::uint8_t* out);

}  // namespace compute::quant
