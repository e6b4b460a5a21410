#include "compute/packed_matrix.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "compute/pack_strip.h"

namespace compute {
namespace {

constexpr std::size_t kHugePage = 2 << 20;

}  // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  const bool large = size >= 2 * kHugePage;
  const std::size_t alignment = large ? kHugePage : 64;
  const std::size_t rounded = round_up(std::max<std::size_t>(size, 1), 64);
  void* bytes = nullptr;  // aligned_alloc wants a size that is a multiple of the alignment
  if (posix_memalign(&bytes, alignment, rounded) != 0) throw std::bad_alloc();
  bytes_.reset(static_cast<std::uint8_t*>(bytes));
  // A wish; no harm if refused. The rest stays in small pages: with hundreds of matrices, most of a
  // huge page for each one's end would be a twentieth of the model.
  if (large) madvise(bytes_.get(), size / kHugePage * kHugePage, MADV_HUGEPAGE);
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
  pool.parallel_for(n_strips, 2, [&](std::size_t begin, std::size_t end) {
    for (std::size_t strip = begin; strip < end; ++strip) {
      StripRows rows{};
      for (std::size_t r = 0; r < kStripRows && strip * kStripRows + r < n_out; ++r) {
        rows[r] = source + (strip * kStripRows + r) * row_size;
      }
      pack_strip(dtype, rows, n_in, pool.isa(), matrix.bytes_.data() + strip * strip_size);
    }
  });
  return matrix;
}

}  // namespace compute
