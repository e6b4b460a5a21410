#include "compute/pack_strip.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "compute/kernels/table.h"
#include "compute/quant/groups.h"
#include "compute/quant/k_scales.h"

namespace compute {
namespace {

constexpr std::uint32_t kLowNibbles = 0x0f0f0f0f;
constexpr std::uint32_t kHighNibbles = 0xf0f0f0f0;

// Four neighbouring columns of one row: what the layouts move as a whole.
std::uint32_t four(const std::uint8_t* bytes) {
  return quant::read_u32(bytes);
}

// Columns 4j .. 4j + 3 of row r in an array of [j][16][4] bytes.
void put_four(std::uint8_t* out, std::size_t j, std::size_t r, std::uint32_t value) {
  std::memcpy(out + 64 * j + 4 * r, &value, sizeof value);
}

void put_f32(std::uint8_t* out, std::size_t index, float value) {
  std::memcpy(out + 4 * index, &value, sizeof value);
}

// Sixteen neighbouring bytes of a row, as four such words.
using Words = std::uint32_t __attribute__((vector_size(16)));

Words words_at(const std::uint8_t* bytes) {
  Words words;
  std::memcpy(&words, bytes, sizeof words);
  return words;
}

// [4][16][4] bytes from 16 of each row, which words_of(row) gives: four rows at a time, turned as a
// square of 4 x 4 words. This is what loading a model consists of.
template <class WordsOf>
void put_words(const StripRows& rows, const WordsOf& words_of, std::uint8_t* out) {
  for (std::size_t r = 0; r < kStripRows; r += 4) {
    Words row[4];
    for (std::size_t i = 0; i < 4; ++i) {
      row[i] = rows[r + i] == nullptr ? Words{} : words_of(rows[r + i]);
    }
    const Words low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Words high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Words low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Words high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const Words columns[4] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
                              __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                              __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
                              __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
    for (std::size_t j = 0; j < 4; ++j) std::memcpy(out + 64 * j + 4 * r, &columns[j], 16);
  }
}

// --- Formats of 32 columns that need no arithmetic: the nibbles of Q4_0, IQ4_NL, IQ4_XS and MXFP4
// are already columns i and 16 + i in one byte ---

constexpr std::uint32_t kBias = 0x80808080;  // adds 128 to each

void copy_nibbles(const std::uint8_t* sixteen_bytes, std::size_t r, std::uint8_t* out) {
  for (std::size_t j = 0; j < 4; ++j) put_four(out, j, r, four(sixteen_bytes + 4 * j));
}

void copy_bytes(const std::uint8_t* thirty_two_bytes, std::size_t r, std::uint8_t* out) {
  for (std::size_t j = 0; j < 8; ++j) put_four(out, j, r, four(thirty_two_bytes + 4 * j) ^ kBias);
}

void put_scales(const StripRows& rows, std::size_t at, std::uint8_t* out) {
  for (std::size_t r = 0; r < kStripRows; ++r) {
    if (rows[r] != nullptr) std::memcpy(out + 2 * r, rows[r] + at, 2);
  }
}

// Q4_0 and Q8_0: a scale and 32 columns.
void pack_f16_strip(DType dtype, PackedFormat format, const StripRows& rows, std::size_t n_in,
                    std::uint8_t* out) {
  for (std::size_t b = 0; b < n_in / kBlock; ++b) {
    auto* unit = out + b / 2 * unit_bytes(format);
    const std::size_t half = b % 2, at = b * block_bytes(dtype);
    put_scales(rows, at, unit + 32 * half);
    const auto columns = [&](std::size_t first) {
      return [at = at + 2 + first](const std::uint8_t* row) { return words_at(row + at); };
    };
    if (format == PackedFormat::Q4) {
      put_words(rows, columns(0), unit + 64 + 256 * half);
      continue;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto biased = [&](const std::uint8_t* row) { return columns(16 * i)(row) ^ kBias; };
      put_words(rows, biased, unit + 64 + 512 * half + 256 * i);
    }
  }
}

// --- Units of 256 columns: Q4_K, Q5_K, Q6_K ---

// Two runs of 16 columns, each byte of which holds a column in its low half (or its high one), into
// one block.
void put_nibble_block(const StripRows& rows, std::size_t at, bool high_halves, std::uint8_t* out) {
  put_words(
      rows,
      [&](const std::uint8_t* row) {
        const Words low = words_at(row + at), high = words_at(row + at + 16);
        return high_halves ? (low >> 4 & kLowNibbles) | (high & kHighNibbles)
                           : (low & kLowNibbles) | (high & kLowNibbles) << 4;
      },
      out);
}

// Bit b of 32 bytes: the fifth bits of block b.
std::uint32_t fifth_bits(const std::uint8_t* bytes, std::size_t b) {
  std::uint32_t bits = 0;
  for (std::size_t j = 0; j < 8; ++j) bits |= (four(bytes + 4 * j) >> b & 0x01010101u) << j;
  return bits;
}

// Bits 2b, 2b + 1 of 16 bytes: the upper bits of 16 columns.
std::uint32_t bit_pairs(const std::uint8_t* bytes, std::size_t b) {
  std::uint32_t bits = 0;
  for (std::size_t j = 0; j < 4; ++j) {
    bits |= (four(bytes + 4 * j) >> (2 * b) & 0x03030303u) << (2 * j);
  }
  return bits;
}

// What is not nibbles, of one row.
void pack_q4_or_q5_k(bool fifth, const std::uint8_t* block, std::size_t r, std::uint8_t* unit) {
  std::memcpy(unit + 2 * r, block, 2);           // d
  std::memcpy(unit + 32 + 2 * r, block + 2, 2);  // dmin
  for (std::size_t b = 0; b < 8; ++b) {
    const auto packed = quant::scale_and_min(block + 4, b);
    unit[64 + 16 * b + r] = packed.scale;
    unit[192 + 16 * b + r] = packed.min;
    if (fifth) put_four(unit + 320 + 320 * b + 256, 0, r, fifth_bits(block + 16, b));
  }
}

void pack_q6_k(const std::uint8_t* block, std::size_t r, std::uint8_t* unit) {
  std::memcpy(unit + 2 * r, block + 208, 2);  // d
  for (std::size_t g = 0; g < 16; ++g) unit[64 + 16 * g + r] = block[192 + g];
  for (std::size_t b = 0; b < 8; ++b) {
    const auto* pairs = block + 128 + 32 * (b / 4);
    auto* high = unit + 320 + 384 * b + 256;
    put_four(high, 0, r, bit_pairs(pairs, b % 4));
    put_four(high, 1, r, bit_pairs(pairs + 16, b % 4));
  }
}

void pack_k_strip(DType dtype, PackedFormat format, const StripRows& rows, std::size_t n_in,
                  std::uint8_t* out) {
  for (std::size_t u = 0; u < n_in / 256; ++u) {
    const std::size_t at = u * block_bytes(dtype);
    for (std::size_t r = 0; r < kStripRows; ++r) {
      if (rows[r] == nullptr) continue;
      if (format == PackedFormat::Q6K) {
        pack_q6_k(rows[r] + at, r, out);
      } else {
        pack_q4_or_q5_k(format == PackedFormat::Q5K, rows[r] + at, r, out);
      }
    }
    for (std::size_t b = 0; b < 8; ++b) {
      auto* block = out + 320 + (unit_bytes(format) - 320) / 8 * b;
      if (format == PackedFormat::Q6K) {  // in halves of 128 columns
        put_nibble_block(rows, at + 64 * (b / 4) + 32 * (b % 2), b % 4 >= 2, block);
      } else {
        const std::size_t nibbles = format == PackedFormat::Q5K ? 48 : 16;
        put_nibble_block(rows, at + nibbles + 32 * (b / 2), b % 2 != 0, block);
      }
    }
    out += unit_bytes(format);
  }
}

// --- Everything else goes through its unpacked form ---

// Columns [32 b, 32 b + 32) of row r; `at` is where they begin in `groups`.
void put_groups(DType dtype, PackedFormat format, const quant::Groups& groups, std::size_t at,
                const std::uint8_t* nibbles, std::size_t b, std::size_t r, std::uint8_t* unit) {
  const std::size_t half = b % 2;
  const auto* q = reinterpret_cast<const std::uint8_t*>(groups.q.data()) + at;
  const std::size_t g = at / quant::kGroup;
  if (format == PackedFormat::Q8) {
    CHECK(dtype == DType::Q5_0);
    const std::uint16_t scale = f16_from_f32(groups.scale[g]);  // came from an f16
    std::memcpy(unit + 32 * half + 2 * r, &scale, sizeof scale);
    return copy_bytes(q, r, unit + 64 + 512 * half);
  }
  if (format == PackedFormat::Iq4 || format == PackedFormat::Fp4) {
    put_f32(unit, 16 * half + r, groups.scale[g]);
    return copy_nibbles(nibbles, r, unit + 128 + 256 * half);
  }
  const bool offsets = format == PackedFormat::GroupOffset;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t index = 16 * (2 * half + i) + r;
    put_f32(unit, index, groups.scale[g + i]);
    if (offsets) put_f32(unit + 256, index, groups.offset[g + i]);
  }
  copy_bytes(q, r, unit + (offsets ? 512 : 256) + 512 * half);
}

// Where the 16 bytes of nibbles of each 32 columns begin in a block of a lookup format.
std::size_t nibbles_at(DType dtype) {
  switch (dtype) {
    case DType::MXFP4: return 1;
    case DType::IQ4_NL: return 2;
    case DType::IQ4_XS: return 8;
    default: return 0;
  }
}

void pack_unpacked_strip(DType dtype, PackedFormat format, const StripRows& rows, std::size_t n_in,
                         std::uint8_t* out) {
  const auto unpack = quant::unpacker(dtype);
  CHECK(unpack != nullptr);
  const std::size_t elements = block_elements(dtype);
  quant::Groups groups;
  for (std::size_t r = 0; r < kStripRows; ++r) {
    if (rows[r] == nullptr) continue;
    for (std::size_t k = 0; k < n_in; k += elements) {
      const auto* block = rows[r] + k / elements * block_bytes(dtype);
      unpack(block, groups);
      for (std::size_t at = 0; at < elements; at += kBlock) {
        const std::size_t b = (k + at) / kBlock;
        put_groups(dtype, format, groups, at, block + nibbles_at(dtype) + at / 2, b, r,
                   out + b / 2 * unit_bytes(format));
      }
    }
  }
}

// --- Floats ---

// F32 by columns and BF16 by pairs of them: words as they are. The last one of an odd number of
// BF16 columns stands beside a zero.
void pack_word_strip(const StripRows& rows, std::size_t row_bytes, std::uint8_t* out) {
  std::size_t at = 0;
  for (; at + 16 <= row_bytes; at += 16) {
    const auto words = [&](const std::uint8_t* row) { return words_at(row + at); };
    put_words(rows, words, out + 16 * at);
  }
  for (; at < row_bytes; at += 4) {
    for (std::size_t r = 0; r < kStripRows; ++r) {
      std::uint32_t word = 0;
      if (rows[r] != nullptr) {
        std::memcpy(&word, rows[r] + at, std::min<std::size_t>(4, row_bytes - at));
      }
      put_four(out + 16 * at, 0, r, word);
    }
  }
}

void pack_fixed_strip(const StripRows& rows, std::size_t n_in, const KernelTable& kernels,
                      std::uint8_t* out) {
  alignas(64) std::int16_t integers[kStripRows][kFixedColumns];
  StripRows fixed{};
  for (std::size_t first = 0; first < n_in; first += kFixedColumns) {
    for (std::size_t r = 0; r < kStripRows; ++r) {
      if (rows[r] == nullptr) continue;
      const float scale = kernels.fix_weights(rows[r] + 2 * first,
                                              std::min(kFixedColumns, n_in - first), integers[r]);
      put_f32(out, r, scale);
      fixed[r] = reinterpret_cast<const std::uint8_t*>(integers[r]);
    }
    pack_word_strip(fixed, sizeof integers[0], out + 64);
    out += unit_bytes(PackedFormat::Fixed);
  }
}

void pack_f64_strip(const StripRows& rows, std::size_t n_in, std::uint8_t* out) {
  for (std::size_t r = 0; r < kStripRows; ++r) {
    if (rows[r] == nullptr) continue;
    for (std::size_t k = 0; k < n_in; ++k) {
      double value;
      std::memcpy(&value, rows[r] + 8 * k, sizeof value);
      put_f32(out, k * kStripRows + r, static_cast<float>(value));
    }
  }
}

}  // namespace

PackedFormat packed_format(DType dtype) {
  switch (dtype) {
    case DType::F32:
    case DType::F64: return PackedFormat::F32;
    case DType::F16: return PackedFormat::Fixed;
    case DType::BF16: return PackedFormat::BF16;
    case DType::Q4_0: return PackedFormat::Q4;
    case DType::Q5_0:
    case DType::Q8_0: return PackedFormat::Q8;
    case DType::IQ4_NL:
    case DType::IQ4_XS: return PackedFormat::Iq4;
    case DType::MXFP4: return PackedFormat::Fp4;
    case DType::Q4_K: return PackedFormat::Q4K;
    case DType::Q5_K: return PackedFormat::Q5K;
    case DType::Q6_K: return PackedFormat::Q6K;
    default: return quant::has_offsets(dtype) ? PackedFormat::GroupOffset : PackedFormat::Group;
  }
}

void pack_strip(DType dtype, const StripRows& rows, std::size_t n_in, Isa isa, std::uint8_t* out) {
  const auto format = packed_format(dtype);
  // Padding: missing rows everywhere, missing columns in the last unit. Zero scales make it zero.
  const bool padded = std::ranges::count(rows, nullptr) != 0 || n_in % unit_columns(format) != 0;
  if (padded) std::memset(out, 0, strip_bytes(format, n_in));
  switch (format) {
    case PackedFormat::F32:
      if (dtype == DType::F64) return pack_f64_strip(rows, n_in, out);
      return pack_word_strip(rows, 4 * n_in, out);
    case PackedFormat::BF16: return pack_word_strip(rows, 2 * n_in, out);
    case PackedFormat::Fixed: return pack_fixed_strip(rows, n_in, kernels(isa), out);
    case PackedFormat::Q4K:
    case PackedFormat::Q5K:
    case PackedFormat::Q6K: return pack_k_strip(dtype, format, rows, n_in, out);
    default: break;
  }
  if (dtype == DType::Q4_0 || dtype == DType::Q8_0) {
    return pack_f16_strip(dtype, format, rows, n_in, out);
  }
  pack_unpacked_strip(dtype, format, rows, n_in, out);
}

}  // namespace compute
