// How weights lie in memory for the kernels: strips of 16 rows.
//
// A strip holds 16 rows with all their columns, as one stream of units. Inside, the bytes of 4
// consecutive columns of all 16 rows stand together (64 bytes): the lanes that a dot-product
// instruction wants, 16 sums that each take 4 products. The same bytes serve every instruction set.
// Numbers of the quantised formats are stored without sign (value plus a bias); the bias is taken
// back through the sum of the activations. Strips come in pairs, the last one padded with zeros.
#pragma once

#include <cstddef>
#include <cstdint>

namespace compute {

inline constexpr std::size_t kStripRows = 16;
inline constexpr std::size_t kBlock = 32;  // columns whose products are added up as integers

// The same for Fixed, where weights and x are integers with one scale each: 64 products of a weight
// of 13 bits and an x of 14, 64 * 4095 * 8191, are the most that an integer of 32 bits holds.
inline constexpr std::size_t kFixedColumns = 64;
inline constexpr int kFixedMost = 4095;
inline constexpr int kFixedMostOfX = 8191;

// In the pictures below [a][b] is an array, `nibbles` is [4][16][4] bytes for a block of 32
// columns: byte (j, row, c) has column 4j + c in its low half and 16 + 4j + c in its high half;
// `bytes` is [8][16][4]: byte (j, row, c) is column 4j + c.
enum class PackedFormat : std::uint8_t {
  F32,    // per column: [16] f32
  BF16,   // per 2 columns: [16][2] bf16
  Fixed,  // per 64 columns: [16] f32 scales, [32][16][2] i16 of at most 4095: f16 in the file
  Q4,     // per 64 columns: [2][16] f16 scales, 2 nibbles (bias 8)
  Q8,     // per 64 columns: [2][16] f16 scales, 2 bytes (bias 128)
  Iq4,    // per 64 columns: [2][16] f32 scales, 2 nibbles: indices into kIq4Values
  Fp4,    // the same with kFp4Values
  Q4K,    // per 256: [16] f16 d, [16] f16 dmin, [8][16] u8 scales, [8][16] u8 minima, 8 nibbles
  Q5K,    // Q4K, but each nibbles followed by [16][4] bytes: bit j of byte (row, c) is bit 4 of
          // column 4j + c
  Q6K,  // per 256: [16] f16 d, 32 unused, [16][16] i8 scales, 8 times nibbles (bias 32) followed by
        // [2][16][4] bytes: bits 2j, 2j+1 of byte (h, row, c): bits 4, 5 of column 16h + 4j + c
  Group,        // per 64: [4][16] f32 scales of 16 columns each, 2 bytes (bias 128)
  GroupOffset,  // Group with [4][16] f32 offsets after the scales
  kCount
};

constexpr bool is_float(PackedFormat format) {
  return format <= PackedFormat::BF16;
}

// Columns of one unit; rows are padded with zero weights to a multiple of it.
constexpr std::size_t unit_columns(PackedFormat format) {
  switch (format) {
    case PackedFormat::F32: return 1;
    case PackedFormat::BF16: return 2;
    case PackedFormat::Fixed: return kFixedColumns;
    case PackedFormat::Q4K:
    case PackedFormat::Q5K:
    case PackedFormat::Q6K: return 256;
    default: return 64;
  }
}

// Bytes of one unit of a strip.
constexpr std::size_t unit_bytes(PackedFormat format) {
  switch (format) {
    case PackedFormat::F32: return 64;
    case PackedFormat::BF16: return 64;
    case PackedFormat::Fixed: return 64 + 2 * 16 * kFixedColumns;
    case PackedFormat::Q4: return 64 + 2 * 256;
    case PackedFormat::Q8: return 64 + 2 * 512;
    case PackedFormat::Iq4:
    case PackedFormat::Fp4: return 128 + 2 * 256;
    case PackedFormat::Q4K: return 64 + 256 + 8 * 256;
    case PackedFormat::Q5K: return 64 + 256 + 8 * 256 + 512;
    case PackedFormat::Q6K: return 64 + 256 + 8 * 256 + 1024;
    case PackedFormat::Group: return 256 + 2 * 512;
    case PackedFormat::GroupOffset: return 512 + 2 * 512;
    case PackedFormat::kCount: return 0;
  }
  return 0;
}

constexpr std::size_t round_up(std::size_t n, std::size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

constexpr std::size_t strip_bytes(PackedFormat format, std::size_t n_in) {
  return round_up(n_in, unit_columns(format)) / unit_columns(format) * unit_bytes(format);
}

// --- Activations: "panels" of a few rows of x, each with all its columns ---

// Rows of a panel of integers (x as 8 bits) and of floats.
inline constexpr std::size_t kIntegerPanelRows = 4;
inline constexpr std::size_t kFloatPanelRows = 8;

// Blocks of x that share a scale: those of a unit beside weights that have units of 256, as the
// format's own definition rounds x; one beside all others.
constexpr std::size_t scale_blocks(PackedFormat format) {
  return unit_columns(format) == 256 ? 8 : 1;
}

// What is known of 32 values of one row of x besides their rounded form.
struct ActivationBlock {
  float scale;                // value = scale * integer
  std::int32_t negative_sum;  // minus the sum of the integers
  std::int32_t negative_low;  // minus the sum of the first 16
  std::int32_t negative_high;
};

// An integer panel of W rows: per block, [W][32] i8 then [W] ActivationBlock; blocks that share a
// scale have it each; for Fixed weights, per 64 columns, [W][64] i16 then [W] f32 scales. A float
// panel of W rows: per column, [W] f32; for BF16 weights, per 2 columns, [W][2] bf16. Only the last
// panel is narrower than the constants above.
constexpr std::size_t fixed_block_bytes(std::size_t rows) {
  return rows * (2 * kFixedColumns + sizeof(float));
}
constexpr std::size_t integer_panel_bytes(PackedFormat format, std::size_t n_in, std::size_t rows) {
  if (format == PackedFormat::Fixed) {
    return round_up(n_in, kFixedColumns) / kFixedColumns * fixed_block_bytes(rows);
  }
  return round_up(n_in, 64) / kBlock * rows * (kBlock + sizeof(ActivationBlock));
}
// What a float panel holds 4 bytes per row of.
constexpr std::size_t float_steps(PackedFormat format, std::size_t n_in) {
  return round_up(n_in, unit_columns(format)) / unit_columns(format);
}
constexpr std::size_t float_panel_bytes(PackedFormat format, std::size_t n_in, std::size_t rows) {
  return float_steps(format, n_in) * rows * 4;
}

}  // namespace compute
