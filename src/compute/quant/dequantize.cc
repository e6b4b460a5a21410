#include "compute/quant/dequantize.h"

#include <cstring>

#include "base/check.h"
#include "compute/quant/groups.h"

namespace compute::quant {
namespace {

bool is_plain(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16 || dtype == DType::F64;
}

void convert_plain(DType dtype, const std::uint8_t* bytes, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    switch (dtype) {
      case DType::F16: out[i] = read_f16(bytes + 2 * i); break;
      case DType::BF16: out[i] = f32_from_bf16(read_u16(bytes + 2 * i)); break;
      case DType::F64: {
        double value;
        std::memcpy(&value, bytes + 8 * i, sizeof value);
        out[i] = static_cast<float>(value);
        break;
      }
      default: CHECK(false);
    }
  }
}

}  // namespace

bool can_dequantize(DType dtype) {
  return is_plain(dtype) || unpacker(dtype) != nullptr;
}

void dequantize_row(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  CHECK(bytes.size() == row_bytes(dtype, out.size()));
  const auto* block = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (dtype == DType::F32) {
    std::memcpy(out.data(), block, bytes.size());
    return;
  }
  if (is_plain(dtype)) return convert_plain(dtype, block, out);

  const auto unpack = unpacker(dtype);
  CHECK(unpack != nullptr);
  const std::size_t elements = block_elements(dtype);
  Groups groups;
  for (std::size_t first = 0; first < out.size(); first += elements) {
    unpack(block, groups);
    for (std::size_t i = 0; i < elements; ++i) {
      const std::size_t g = i / kGroup;
      out[first + i] = groups.scale[g] * static_cast<float>(groups.q[i]) - groups.offset[g];
    }
    block += block_bytes(dtype);
  }
}

}  // namespace compute::quant
