// Weights rearranged for the kernels (see kernels/packed_format.h for the layout).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "compute/dtype.h"
#include "compute/kernels/packed_format.h"
#include "compute/threads.h"

namespace compute {

// Memory for large arrays: aligned to cache lines, in huge pages where it is big.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  // Not initialised.
  explicit AlignedBytes(std::size_t size);

  std::uint8_t* data() { return bytes_.get(); }
  const std::uint8_t* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t[], Free> bytes_;
  std::size_t size_ = 0;
};

class PackedMatrix {
 public:
  PackedMatrix() = default;

  // `bytes`: n_out rows of row_bytes(dtype, n_in), of a type with quant::can_dequantize().
  static PackedMatrix pack(DType dtype, std::size_t n_out, std::size_t n_in,
                           std::span<const std::byte> bytes, Pool& pool);

  PackedFormat format() const { return format_; }
  std::size_t n_out() const { return n_out_; }
  std::size_t n_in() const { return n_in_; }
  std::size_t n_pairs() const { return (n_out_ + 2 * kStripRows - 1) / (2 * kStripRows); }
  std::size_t strip_bytes() const { return compute::strip_bytes(format_, n_in_); }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size_bytes() const { return bytes_.size(); }

 private:
  PackedFormat format_ = PackedFormat::F32;
  std::size_t n_out_ = 0;
  std::size_t n_in_ = 0;
  AlignedBytes bytes_;
};

}  // namespace compute
