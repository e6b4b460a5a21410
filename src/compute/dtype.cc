#include "compute/dtype.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "base/check.h"

namespace compute {
namespace {

struct Layout {
  DType dtype;
  std::string_view name;
  std::size_t elements;  // of one block
  std::size_t bytes;     // of one block
};

constexpr std::array kLayouts = {
    Layout{DType::F32, "F32", 1, 4},
    Layout{DType::F16, "F16", 1, 2},
    Layout{DType::Q4_0, "Q4_0", 32, 18},
    Layout{DType::Q4_1, "Q4_1", 32, 20},
    Layout{DType::Q5_0, "Q5_0", 32, 22},
    Layout{DType::Q5_1, "Q5_1", 32, 24},
    Layout{DType::Q8_0, "Q8_0", 32, 34},
    Layout{DType::Q8_1, "Q8_1", 32, 36},
    Layout{DType::Q2_K, "Q2_K", 256, 84},
    Layout{DType::Q3_K, "Q3_K", 256, 110},
    Layout{DType::Q4_K, "Q4_K", 256, 144},
    Layout{DType::Q5_K, "Q5_K", 256, 176},
    Layout{DType::Q6_K, "Q6_K", 256, 210},
    Layout{DType::Q8_K, "Q8_K", 256, 292},
    Layout{DType::IQ2_XXS, "IQ2_XXS", 256, 66},
    Layout{DType::IQ2_XS, "IQ2_XS", 256, 74},
    Layout{DType::IQ3_XXS, "IQ3_XXS", 256, 98},
    Layout{DType::IQ1_S, "IQ1_S", 256, 50},
    Layout{DType::IQ4_NL, "IQ4_NL", 32, 18},
    Layout{DType::IQ3_S, "IQ3_S", 256, 110},
    Layout{DType::IQ2_S, "IQ2_S", 256, 82},
    Layout{DType::IQ4_XS, "IQ4_XS", 256, 136},
    Layout{DType::I8, "I8", 1, 1},
    Layout{DType::I16, "I16", 1, 2},
    Layout{DType::I32, "I32", 1, 4},
    Layout{DType::I64, "I64", 1, 8},
    Layout{DType::F64, "F64", 1, 8},
    Layout{DType::IQ1_M, "IQ1_M", 256, 56},
    Layout{DType::BF16, "BF16", 1, 2},
    Layout{DType::TQ1_0, "TQ1_0", 256, 54},
    Layout{DType::TQ2_0, "TQ2_0", 256, 66},
    Layout{DType::MXFP4, "MXFP4", 32, 17},
    Layout{DType::NVFP4, "NVFP4", 64, 36},
    Layout{DType::Q1_0, "Q1_0", 128, 18},
    Layout{DType::Q2_0, "Q2_0", 64, 18},
};

const Layout& layout(DType dtype) {
  const auto found = std::ranges::find(kLayouts, dtype, &Layout::dtype);
  CHECK(found != kLayouts.end());
  return *found;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<DType> dtype_from_gguf(std::uint32_t number) {
  const auto found = std::ranges::find(
      kLayouts, number, [](const Layout& entry) { return gguf_number(entry.dtype); });
  if (found == kLayouts.end()) return std::nullopt;
  return found->dtype;
}

std::string_view name(DType dtype) {
  return layout(dtype).name;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  const auto found = std::ranges::find_if(kLayouts, [&](const Layout& entry) {
    return std::ranges::equal(entry.name, name, {}, lower, lower);
  });
  if (found == kLayouts.end()) return std::nullopt;
  return found->dtype;
}

std::size_t block_elements(DType dtype) {
  return layout(dtype).elements;
}
std::size_t block_bytes(DType dtype) {
  return layout(dtype).bytes;
}

Result<std::size_t> row_bytes(DType dtype, std::size_t n) {
  const auto& entry = layout(dtype);
  if (n % entry.elements != 0) {
    return fail(ErrorCode::CorruptData, "a row of " + std::to_string(n) + " elements cannot be " +
                                            std::string(entry.name) + ", whose blocks hold " +
                                            std::to_string(entry.elements));
  }
  const std::size_t blocks = n / entry.elements;
  if (blocks > std::numeric_limits<std::size_t>::max() / entry.bytes) {
    return fail(ErrorCode::CorruptData,
                "a row of " + std::to_string(n) + " elements is larger than memory");
  }
  return blocks * entry.bytes;
}

}  // namespace compute
