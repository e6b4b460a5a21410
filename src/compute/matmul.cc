#include "compute/matmul.h"

#include <algorithm>

#include "base/check.h"
#include "compute/kernels/table.h"

namespace compute {
namespace {

// Weights that one call of a kernel goes through: half of a second-level cache of 1 MB, so that
// they stay there while panel after panel passes by.
constexpr std::size_t kTaskWeightBytes = 512 << 10;
// With more rows than these the arithmetic takes longer than the reading.
constexpr std::size_t kReadingRowsMax = 16;
// Rows of x of one call; bounds the panels' share of the cache and gives threads enough to share.
constexpr std::size_t kTaskRows = 128;

std::size_t ceil_div(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

void grow(AlignedBytes& bytes, std::size_t size) {
  if (bytes.size() < size) bytes = AlignedBytes(size);
}

void pack_float_panel(const float* x, std::size_t n_in, std::size_t rows, std::uint8_t* panel) {
  auto* out = reinterpret_cast<float*>(panel);
  for (std::size_t k = 0; k < n_in; ++k) {
    for (std::size_t m = 0; m < rows; ++m) *out++ = x[m * n_in + k];
  }
}

void pack_panels(ConstTensor x, std::size_t rows_each, std::size_t panel_bytes,
                 KernelTable::FillPanel pack, AlignedBytes& out, Pool& pool) {
  const std::size_t n_in = x.columns();
  const std::size_t n_panels = ceil_div(x.rows(), rows_each);
  grow(out, n_panels * panel_bytes);
  const std::size_t grain = std::max<std::size_t>(1, 8'192 / (rows_each * n_in));
  pool.parallel_for(n_panels, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) {
      const std::size_t first = p * rows_each;
      const std::size_t rows = std::min(rows_each, x.rows() - first);
      pack(x.values() + first * n_in, n_in, rows, out.data() + p * panel_bytes);
    }
  });
}

// Where the pieces of n_pairs begin, and the end: large pieces first, each a share of what is left,
// so that the threads finish together and a large piece still reads one long stream.
void cut_pairs(std::size_t n_pairs, std::size_t most, std::size_t threads,
               std::vector<std::size_t>& bounds) {
  bounds.assign(1, 0);
  while (bounds.back() < n_pairs) {
    const std::size_t left = n_pairs - bounds.back();
    bounds.push_back(bounds.back() + std::clamp<std::size_t>(left / (2 * threads), 1, most));
  }
}

void multiply(MatmulInput& x, const Weight& weight, Tensor out, bool accumulate, Pool& pool) {
  const auto& matrix = weight.packed();
  const std::size_t n_rows = x.x().rows();
  CHECK(x.x().columns() == matrix.n_in() && out.columns() == matrix.n_out());
  CHECK(n_rows == out.rows());
  if (n_rows == 0) return;

  const bool floats = is_float(matrix.format());
  const std::size_t panel_rows = floats ? kFloatPanelRows : kIntegerPanelRows;
  MultiplyTask whole = {.weights = matrix.data(),
                        .strip_bytes = matrix.strip_bytes(),
                        .n_out = matrix.n_out(),
                        .n_in = matrix.n_in(),
                        .panels = x.panels(matrix.format(), pool),
                        .n_rows = n_rows,
                        .out = out.values(),
                        .accumulate = accumulate};

  // The result is cut into rectangles: few rows of x, then many; as tall as the cache allows.
  const std::size_t n_panels = ceil_div(n_rows, panel_rows);
  const std::size_t panels_each = std::min(n_panels, kTaskRows / panel_rows);
  const std::size_t n_across = ceil_div(n_panels, panels_each);
  const std::size_t fit = std::max<std::size_t>(1, kTaskWeightBytes / (2 * matrix.strip_bytes()));
  static thread_local std::vector<std::size_t> bounds;
  cut_pairs(matrix.n_pairs(), fit, pool.threads(), bounds);
  const auto& cuts = bounds;  // the caller's, not the worker's own

  if (n_rows <= kReadingRowsMax) pool.read_ahead().begins(matrix.data(), matrix.size_bytes());
  const auto kernel = kernels(pool.isa()).multiply[static_cast<std::size_t>(matrix.format())];
  pool.parallel_for((cuts.size() - 1) * n_across, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      MultiplyTask task = whole;
      task.pair_begin = cuts[i / n_across];
      task.pair_end = cuts[i / n_across + 1];
      task.panel_begin = i % n_across * panels_each;
      task.panel_end = std::min(task.panel_begin + panels_each, n_panels);
      kernel(task);
    }
  });
}

}  // namespace

const std::uint8_t* MatmulInput::integer_panels(bool wide_scales, Pool& pool) {
  auto& integers = integers_[wide_scales];
  if (has_integers_[wide_scales]) return integers.data();
  pack_panels(x_, kIntegerPanelRows,
              integer_panel_bytes(PackedFormat::Q8, x_.columns(), kIntegerPanelRows),
              kernels(pool.isa()).quantize_panel[wide_scales], integers, pool);
  has_integers_[wide_scales] = true;
  return integers.data();
}

const std::uint8_t* MatmulInput::float_panels(Pool& pool) {
  // A panel of one row is the row.
  if (x_.rows() == 1) return reinterpret_cast<const std::uint8_t*>(x_.values());
  if (has_floats_) return floats_.data();
  pack_panels(x_, kFloatPanelRows,
              float_panel_bytes(PackedFormat::F32, x_.columns(), kFloatPanelRows), pack_float_panel,
              floats_, pool);
  has_floats_ = true;
  return floats_.data();
}

const std::uint8_t* MatmulInput::bf16_panels(Pool& pool) {
  if (has_bf16_) return bf16_.data();
  pack_panels(x_, kFloatPanelRows,
              float_panel_bytes(PackedFormat::BF16, x_.columns(), kFloatPanelRows),
              kernels(pool.isa()).round_panel, bf16_, pool);
  has_bf16_ = true;
  return bf16_.data();
}

const std::uint8_t* MatmulInput::fixed_panels(Pool& pool) {
  if (has_fixed_) return fixed_.data();
  pack_panels(x_, kIntegerPanelRows,
              integer_panel_bytes(PackedFormat::Fixed, x_.columns(), kIntegerPanelRows),
              kernels(pool.isa()).fix_panel, fixed_, pool);
  has_fixed_ = true;
  return fixed_.data();
}

const std::uint8_t* MatmulInput::panels(PackedFormat format, Pool& pool) {
  if (format == PackedFormat::Fixed) return fixed_panels(pool);
  if (!is_float(format)) return integer_panels(scale_blocks(format) > 1, pool);
  return format == PackedFormat::BF16 ? bf16_panels(pool) : float_panels(pool);
}

namespace ops {

void matmul(MatmulInput& x, const Weight& weight, Tensor out, Pool& pool) {
  multiply(x, weight, out, false, pool);
}

void matmul_add(MatmulInput& x, const Weight& weight, Tensor out, Pool& pool) {
  multiply(x, weight, out, true, pool);
}

void matmul(ConstTensor x, const Weight& weight, Tensor out, Pool& pool) {
  MatmulInput input(x);
  matmul(input, weight, out, pool);
}

void matmul_add(ConstTensor x, const Weight& weight, Tensor out, Pool& pool) {
  MatmulInput input(x);
  matmul_add(input, weight, out, pool);
}

}  // namespace ops
}  // namespace compute
