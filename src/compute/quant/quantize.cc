#include "compute/quant/quantize.h"

#include <cstring>

#include "base/check.h"
#include "compute/quant/half.h"
#include "compute/quant/quantize_blocks.h"

namespace compute::quant {
namespace {

Quantize quantizer(DType dtype) {
  switch (dtype) {
    case DType::Q4_0: return quantize_q4_0;
    case DType::Q4_1: return quantize_q4_1;
    case DType::Q5_0: return quantize_q5_0;
    case DType::Q5_1: return quantize_q5_1;
    case DType::Q8_0: return quantize_q8_0;
    case DType::Q4_K: return quantize_q4_k;
    case DType::Q5_K: return quantize_q5_k;
    case DType::Q6_K: return quantize_q6_k;
    default: return nullptr;
  }
}

bool is_float(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
}

}  // namespace

bool can_quantize(DType dtype) {
  return is_float(dtype) || quantizer(dtype) != nullptr;
}

void quantize_row(DType dtype, std::span<const float> x, std::span<std::byte> out) {
  CHECK(can_quantize(dtype) && out.size() == row_bytes(dtype, x.size()));
  auto* bytes = reinterpret_cast<std::uint8_t*>(out.data());
  if (dtype == DType::F32) {
    std::memcpy(bytes, x.data(), out.size());
    return;
  }
  if (is_float(dtype)) {
    for (const float value : x) {
      const std::uint16_t half = dtype == DType::F16 ? f16_from_f32(value) : bf16_from_f32(value);
      std::memcpy(bytes, &half, sizeof half);
      bytes += sizeof half;
    }
    return;
  }
  const auto quantize = quantizer(dtype);
  const std::size_t elements = block_elements(dtype);
  for (std::size_t first = 0; first < x.size(); first += elements) {
    quantize(x.subspan(first, elements), bytes);
    bytes += block_bytes(dtype);
  }
}

}  // namespace compute::quant
