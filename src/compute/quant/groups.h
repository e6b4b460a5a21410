// What every block format of GGUF becomes once its packing is undone: small integers, a scale and
// an offset per 16 of them. Dequantising, repacking for the kernels and tests all start here, so a
// format is one function.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "compute/dtype.h"
#include "compute/quant/half.h"

namespace compute::quant {

inline constexpr std::size_t kGroup = 16;  // elements that share a scale
inline constexpr std::size_t kBlockElementsMax = 256;

// One block: weight[i] = scale[i / 16] * q[i] - offset[i / 16], each operation rounded to f32.
// Only the first block_elements(dtype) of q and the groups they fill are meaningful.
struct Groups {
  std::array<std::int8_t, kBlockElementsMax> q;
  std::array<float, kBlockElementsMax / kGroup> scale;
  std::array<float, kBlockElementsMax / kGroup> offset;
};

// Reads one block of block_bytes(dtype) bytes. Any bytes are a valid block.
using Unpack = void (*)(const std::uint8_t* block, Groups& groups);

// The function for a block format; null for plain types (F32, F16, BF16, integers) and for the two
// that occur only inside a computation (Q8_1, Q8_K).
Unpack unpacker(DType dtype);

// True when `offset` can differ from zero, which costs the kernels an extra multiplication.
bool has_offsets(DType dtype);

// Little-endian reads from unaligned bytes.
inline std::uint16_t read_u16(const std::uint8_t* bytes) {
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
inline std::uint32_t read_u32(const std::uint8_t* bytes) {
  std::uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
inline float read_f16(const std::uint8_t* bytes) {
  return f32_from_f16(read_u16(bytes));
}

// One family per file.
void unpack_q1_0(const std::uint8_t* block, Groups& groups);  // unpack_legacy.cc
void unpack_q2_0(const std::uint8_t* block, Groups& groups);
void unpack_q4_0(const std::uint8_t* block, Groups& groups);
void unpack_q4_1(const std::uint8_t* block, Groups& groups);
void unpack_q5_0(const std::uint8_t* block, Groups& groups);
void unpack_q5_1(const std::uint8_t* block, Groups& groups);
void unpack_q8_0(const std::uint8_t* block, Groups& groups);
void unpack_q2_k(const std::uint8_t* block, Groups& groups);  // unpack_k.cc
void unpack_q3_k(const std::uint8_t* block, Groups& groups);
void unpack_q4_k(const std::uint8_t* block, Groups& groups);
void unpack_q5_k(const std::uint8_t* block, Groups& groups);
void unpack_q6_k(const std::uint8_t* block, Groups& groups);
void unpack_tq1_0(const std::uint8_t* block, Groups& groups);  // unpack_ternary.cc
void unpack_tq2_0(const std::uint8_t* block, Groups& groups);
void unpack_mxfp4(const std::uint8_t* block, Groups& groups);  // unpack_lookup.cc
void unpack_nvfp4(const std::uint8_t* block, Groups& groups);
void unpack_iq4_nl(const std::uint8_t* block, Groups& groups);
void unpack_iq4_xs(const std::uint8_t* block, Groups& groups);
void unpack_iq1_s(const std::uint8_t* block, Groups& groups);  // unpack_codebook.cc
void unpack_iq1_m(const std::uint8_t* block, Groups& groups);
void unpack_iq2_xxs(const std::uint8_t* block, Groups& groups);
void unpack_iq2_xs(const std::uint8_t* block, Groups& groups);
void unpack_iq2_s(const std::uint8_t* block, Groups& groups);
void unpack_iq3_xxs(const std::uint8_t* block, Groups& groups);
void unpack_iq3_s(const std::uint8_t* block, Groups& groups);

}  // namespace compute::quant
