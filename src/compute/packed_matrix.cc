#include "compute/packed_matrix.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/check.h"
#include "compute/quant/dequantize.h"
#include "compute/quant/groups.h"
#include "compute/quant/k_scales.h"
#include "compute/quant/nibble_values.h"

namespace compute {
namespace {

constexpr std::size_t kHugePage = 2 << 20;

// Rows of a strip in the file; null for the padding after the last row.
using StripRows = std::array<const std::uint8_t*, kStripRows>;

// Up to 256 columns of a strip, unpacked.
struct Chunk {
  std::array<quant::Groups, kStripRows> rows;
};

// --- The integers of one block of 32 columns, beginning at column k of the chunk ---

void write_bytes(const Chunk& chunk, std::size_t k, std::uint8_t* out) {
  for (std::size_t r = 0; r < kStripRows; ++r) {
    const auto* q = chunk.rows[r].q.data() + k;
    for (std::size_t j = 0; j < 8; ++j) {
      std::uint32_t four;
      std::memcpy(&four, q + 4 * j, 4);
      four ^= 0x80808080u;  // adds 128 to each
      std::memcpy(out + 64 * j + 4 * r, &four, 4);
    }
  }
}

// nibble(q) is the half byte stored for the integer q.
template <class Nibble>
void write_nibbles(const Chunk& chunk, std::size_t k, const Nibble& nibble, std::uint8_t* out) {
  for (std::size_t r = 0; r < kStripRows; ++r) {
    const auto* q = chunk.rows[r].q.data() + k;
    for (std::size_t i = 0; i < 16; ++i) {
      const int both = nibble(q[i]) | nibble(q[i + 16]) << 4;
      out[64 * (i / 4) + 4 * r + i % 4] = static_cast<std::uint8_t>(both);
    }
  }
}

// The index of each value in a table of 16; of two equal values either will do.
struct NibbleOfValue {
  std::array<std::uint8_t, 256> index{};
  explicit constexpr NibbleOfValue(const quant::NibbleValues& values) {
    for (std::size_t i = 0; i < 16; ++i) {
      index[static_cast<std::uint8_t>(values[i])] = static_cast<std::uint8_t>(i);
    }
  }
  int operator()(std::int8_t value) const { return index[static_cast<std::uint8_t>(value)]; }
};
constexpr NibbleOfValue kNibbleOfIq4(quant::kIq4Values);
constexpr NibbleOfValue kNibbleOfFp4(quant::kFp4Values);

// --- Scales ---

void write_f16(std::uint8_t* out, std::size_t index, float value) {
  const std::uint16_t half = f16_from_f32(value);
  std::memcpy(out + 2 * index, &half, sizeof half);
}

void write_f32(std::uint8_t* out, std::size_t index, float value) {
  std::memcpy(out + 4 * index, &value, sizeof value);
}

// --- Units of 64 columns, beginning at column k of the chunk ---

// Scales of 32 columns, two for each row, written by `write`.
template <class Write>
void write_block_scales(const Chunk& chunk, std::size_t k, const Write& write, std::uint8_t* out) {
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t r = 0; r < kStripRows; ++r) {
      write(out, 16 * b + r, chunk.rows[r].scale[(k + kBlock * b) / quant::kGroup]);
    }
  }
}

void write_unit(PackedFormat format, const Chunk& chunk, std::size_t k, std::uint8_t* out) {
  const auto nibbles = [&](std::uint8_t* to, const auto& nibble) {
    write_nibbles(chunk, k, nibble, to);
    write_nibbles(chunk, k + kBlock, nibble, to + 256);
  };
  const auto bytes = [&](std::uint8_t* to) {
    write_bytes(chunk, k, to);
    write_bytes(chunk, k + kBlock, to + 512);
  };
  switch (format) {
    case PackedFormat::Q4:
      write_block_scales(chunk, k, write_f16, out);
      return nibbles(out + 64, [](std::int8_t q) { return q + 8; });
    case PackedFormat::Q8: write_block_scales(chunk, k, write_f16, out); return bytes(out + 64);
    case PackedFormat::Iq4:
      write_block_scales(chunk, k, write_f32, out);
      return nibbles(out + 128, kNibbleOfIq4);
    case PackedFormat::Fp4:
      write_block_scales(chunk, k, write_f32, out);
      return nibbles(out + 128, kNibbleOfFp4);
    case PackedFormat::Group:
    case PackedFormat::GroupOffset: {
      const bool offsets = format == PackedFormat::GroupOffset;
      for (std::size_t i = 0; i < 4 * kStripRows; ++i) {
        const auto& row = chunk.rows[i % kStripRows];
        const std::size_t g = k / quant::kGroup + i / kStripRows;
        write_f32(out, i, row.scale[g]);
        if (offsets) write_f32(out + 256, i, row.offset[g]);
      }
      return bytes(out + (offsets ? 512 : 256));
    }
    default: CHECK(false);
  }
}

// --- Units of 256 columns; `blocks` are the rows' blocks in the file, or null ---

void write_k_scales(const StripRows& blocks, std::uint8_t* out) {
  for (std::size_t r = 0; r < kStripRows; ++r) {
    if (blocks[r] == nullptr) continue;
    std::memcpy(out + 2 * r, blocks[r], 2);           // d
    std::memcpy(out + 32 + 2 * r, blocks[r] + 2, 2);  // dmin
    for (std::size_t b = 0; b < 8; ++b) {
      const auto packed = quant::scale_and_min(blocks[r] + 4, b);
      out[64 + 16 * b + r] = packed.scale;
      out[192 + 16 * b + r] = packed.min;
    }
  }
}

void write_k_unit(PackedFormat format, const Chunk& chunk, const StripRows& blocks,
                  std::uint8_t* out) {
  std::memset(out, 0, 320);
  if (format == PackedFormat::Q6K) {
    for (std::size_t r = 0; r < kStripRows; ++r) {
      if (blocks[r] == nullptr) continue;
      std::memcpy(out + 2 * r, blocks[r] + 208, 2);
      for (std::size_t g = 0; g < 16; ++g) out[64 + 16 * g + r] = blocks[r][192 + g];
    }
  } else {
    write_k_scales(blocks, out);
  }

  const int bias = format == PackedFormat::Q6K ? 32 : 0;
  auto* high = out + 320 + 8 * 256;
  const std::size_t high_bytes = unit_bytes(format) - (320 + 8 * 256);
  std::memset(high, 0, high_bytes);
  for (std::size_t b = 0; b < 8; ++b) {
    write_nibbles(
        chunk, kBlock * b, [&](std::int8_t q) { return (q + bias) & 15; }, out + 320 + 256 * b);
    for (std::size_t r = 0; high_bytes != 0 && r < kStripRows; ++r) {
      const auto* q = chunk.rows[r].q.data() + kBlock * b;
      for (std::size_t i = 0; i < kBlock; ++i) {
        const int bits = (q[i] + bias) >> 4;
        const std::size_t lane = 4 * r + i % 4;
        if (format == PackedFormat::Q5K) {
          high[64 * b + lane] |= static_cast<std::uint8_t>(bits << (i / 4));
        } else {
          high[128 * b + 64 * (i / 16) + lane] |=
              static_cast<std::uint8_t>(bits << (2 * (i % 16 / 4)));
        }
      }
    }
  }
}

// --- Strips ---

void pack_float_strip(DType dtype, const StripRows& rows, std::size_t n_in, std::uint8_t* out) {
  const std::size_t size = dtype == DType::F16 || dtype == DType::BF16 ? 2 : 4;
  for (std::size_t r = 0; r < kStripRows; ++r) {
    for (std::size_t k = 0; k < n_in; ++k) {
      auto* to = out + (k * kStripRows + r) * size;
      if (rows[r] == nullptr) {
        std::memset(to, 0, size);
      } else if (dtype == DType::F64) {
        double value;
        std::memcpy(&value, rows[r] + 8 * k, sizeof value);
        write_f32(to, 0, static_cast<float>(value));
      } else {
        std::memcpy(to, rows[r] + size * k, size);
      }
    }
  }
}

// Columns [k, k + n) of all rows; what is beyond the rows and the columns is zero.
void unpack_chunk(DType dtype, const StripRows& rows, std::size_t k, std::size_t n, Chunk& chunk) {
  const auto unpack = quant::unpacker(dtype);
  const std::size_t elements = block_elements(dtype);
  for (std::size_t r = 0; r < kStripRows; ++r) {
    auto& to = chunk.rows[r];
    if (rows[r] == nullptr || n < 64) to = {};
    if (rows[r] == nullptr) continue;
    const auto* block = rows[r] + k / elements * block_bytes(dtype);
    if (elements >= 64) {
      unpack(block, to);
      continue;
    }
    for (std::size_t i = 0; i < n; i += elements) {  // at most two blocks of 32
      quant::Groups one;
      unpack(block, one);
      std::copy_n(one.q.begin(), elements, to.q.begin() + static_cast<std::ptrdiff_t>(i));
      const std::size_t g = i / quant::kGroup;
      to.scale[g] = to.scale[g + 1] = one.scale[0];
      to.offset[g] = to.offset[g + 1] = one.offset[0];
      block += block_bytes(dtype);
    }
  }
}

void pack_integer_strip(DType dtype, PackedFormat format, const StripRows& rows, std::size_t n_in,
                        std::uint8_t* out) {
  const std::size_t step = std::max<std::size_t>(64, block_elements(dtype));
  Chunk chunk;
  for (std::size_t k = 0; k < n_in; k += step) {
    unpack_chunk(dtype, rows, k, std::min(step, n_in - k), chunk);
    if (unit_columns(format) == 256) {
      StripRows blocks = rows;
      for (auto& block : blocks) {
        if (block != nullptr) block += k / 256 * block_bytes(dtype);
      }
      write_k_unit(format, chunk, blocks, out);
      out += unit_bytes(format);
      continue;
    }
    for (std::size_t first = 0; first < step && k + first < n_in; first += 64) {
      write_unit(format, chunk, first, out);
      out += unit_bytes(format);
    }
  }
}

}  // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  const bool large = size >= 2 * kHugePage;
  const std::size_t alignment = large ? kHugePage : 64;
  const std::size_t rounded = round_up(std::max<std::size_t>(size, 1), alignment);
  bytes_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(alignment, rounded)));
  if (bytes_ == nullptr) throw std::bad_alloc();
  if (large) madvise(bytes_.get(), rounded, MADV_HUGEPAGE);  // a wish; no harm if refused
}

PackedFormat packed_format(DType dtype) {
  switch (dtype) {
    case DType::F32:
    case DType::F64: return PackedFormat::F32;
    case DType::F16: return PackedFormat::F16;
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

PackedMatrix PackedMatrix::pack(DType dtype, std::size_t n_out, std::size_t n_in,
                                std::span<const std::byte> bytes, Pool& pool) {
  PackedMatrix matrix;
  matrix.format_ = packed_format(dtype);
  matrix.n_out_ = n_out;
  matrix.n_in_ = n_in;
  const std::size_t n_strips = 2 * matrix.n_pairs();
  const std::size_t strip_size = matrix.strip_bytes();
  matrix.bytes_ = AlignedBytes(n_strips * strip_size);

  const std::size_t row_size = bytes.size() / n_out;
  const auto* source = reinterpret_cast<const std::uint8_t*>(bytes.data());
  pool.parallel_for(n_strips, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t strip = begin; strip < end; ++strip) {
      StripRows rows{};
      for (std::size_t r = 0; r < kStripRows && strip * kStripRows + r < n_out; ++r) {
        rows[r] = source + (strip * kStripRows + r) * row_size;
      }
      auto* out = matrix.bytes_.data() + strip * strip_size;
      if (is_float(matrix.format_)) {
        pack_float_strip(dtype, rows, n_in, out);
      } else {
        pack_integer_strip(dtype, matrix.format_, rows, n_in, out);
      }
    }
  });
  return matrix;
}

}  // namespace compute
