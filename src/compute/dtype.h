// The element types of GGUF tensors: their numbers in the file, and how many bytes a row of them
// takes. What the bytes mean is compute/quant's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace compute {

// The value of each enumerator is the type's number in a GGUF file. Numbers that are missing were
// withdrawn from the format.
enum class DType : std::uint8_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q8_1 = 9,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  Q8_K = 15,
  IQ2_XXS = 16,
  IQ2_XS = 17,
  IQ3_XXS = 18,
  IQ1_S = 19,
  IQ4_NL = 20,
  IQ3_S = 21,
  IQ2_S = 22,
  IQ4_XS = 23,
  I8 = 24,
  I16 = 25,
  I32 = 26,
  I64 = 27,
  F64 = 28,
  IQ1_M = 29,
  BF16 = 30,
  TQ1_0 = 34,
  TQ2_0 = 35,
  MXFP4 = 39,
  NVFP4 = 40,
  Q1_0 = 41,
  Q2_0 = 42,
};

// The type with this number in a GGUF file; nothing for numbers we do not know.
std::optional<DType> dtype_from_gguf(std::uint32_t number);
inline std::uint32_t gguf_number(DType dtype) {
  return static_cast<std::uint32_t>(dtype);
}

// As written in model file names and by other tools: "Q4_K", "BF16".
std::string_view name(DType dtype);
// The inverse of name(); letter case does not matter.
std::optional<DType> dtype_from_name(std::string_view name);

// A row is a sequence of blocks: this many elements in this many bytes. 1 element for plain types.
std::size_t block_elements(DType dtype);
std::size_t block_bytes(DType dtype);

// Bytes of a row of `n` elements. Fails when `n` is not a multiple of the block or the size would
// overflow.
Result<std::size_t> row_bytes(DType dtype, std::size_t n);

}  // namespace compute
