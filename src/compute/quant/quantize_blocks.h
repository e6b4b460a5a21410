// One block of each format that quantize.h offers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "compute/quant/half.h"

namespace compute::quant {

// x: block_elements, out: block_bytes of the format.
using Quantize = void (*)(std::span<const float> x, std::uint8_t* out);

// Writes a scale or minimum and returns the value that a reader will see.
inline float write_f16(float value, std::uint8_t* out) {
  const std::uint16_t half = f16_from_f32(std::clamp(value, -65504.0f, 65504.0f));
  std::memcpy(out, &half, sizeof half);
  return f32_from_f16(half);
}

void quantize_q4_0(std::span<const float> x, std::uint8_t* out);  // quantize_legacy.cc
void quantize_q4_1(std::span<const float> x, std::uint8_t* out);
void quantize_q5_0(std::span<const float> x, std::uint8_t* out);
void quantize_q5_1(std::span<const float> x, std::uint8_t* out);
void quantize_q8_0(std::span<const float> x, std::uint8_t* out);
void quantize_q4_k(std::span<const float> x, std::uint8_t* out);  // quantize_k.cc
void quantize_q5_k(std::span<const float> x, std::uint8_t* out);
void quantize_q6_k(std::span<const float> x, std::uint8_t* out);

}  // namespace compute::quant
