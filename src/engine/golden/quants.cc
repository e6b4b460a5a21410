#include "engine/golden/quants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compute/kernels/isa.h"
#include "compute/matmul.h"
#include "compute/matmul_bound.h"
#include "compute/quant/dequantize.h"
#include "engine/golden/files.h"

namespace engine::golden {
namespace {

// One format's stored blocks and what they mean.
struct Blocks {
  compute::DType dtype = compute::DType::F32;
  std::size_t n_rows = 0;
  std::size_t n_columns = 0;
  std::string packed;
  std::string dequantised;   // [n_rows, n_columns] f32
  std::vector<double> dots;  // of each row with the activations, exactly

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(packed)); }
};

Result<Blocks> read_blocks(const std::filesystem::path& folder, const json::Object& entry,
                           std::size_t n_columns) {
  Blocks blocks;
  const auto dtype = compute::dtype_from_gguf(entry.at("ggml_type").to_number<std::uint32_t>());
  if (!dtype || !compute::quant::can_dequantize(*dtype)) {
    return fail(ErrorCode::Unsupported, "no such format here");
  }
  blocks.dtype = *dtype;
  blocks.n_columns = n_columns;
  for (const auto& [key, to] :
       {std::pair("packed", &blocks.packed), std::pair("dequantised", &blocks.dequantised)}) {
    auto content = read_file(folder / std::string(json::string_or(entry, key)));
    if (!content) return fail(content.error());
    *to = std::move(*content);
  }
  const auto row_bytes = compute::row_bytes(*dtype, n_columns);
  if (!row_bytes) return fail(row_bytes.error());
  blocks.n_rows = blocks.packed.size() / *row_bytes;
  for (const auto& dot : entry.at("dot_exact").as_array()) {
    blocks.dots.push_back(dot.to_number<double>());
  }
  if (blocks.packed.size() != blocks.n_rows * *row_bytes || blocks.dots.size() != blocks.n_rows ||
      blocks.dequantised.size() != blocks.n_rows * n_columns * sizeof(float)) {
    return fail(ErrorCode::CorruptData, "the stored files do not have the same number of rows");
  }
  return blocks;
}

// The rows whose values differ in any bit.
std::size_t count_rows_that_differ(const Blocks& blocks, const compute::Weight& weight) {
  std::vector<float> row(blocks.n_columns);
  const auto row_bytes = row.size() * sizeof(float);
  std::size_t count = 0;
  for (std::size_t n = 0; n < blocks.n_rows; ++n) {
    weight.row(n, row);
    count += std::memcmp(row.data(), blocks.dequantised.data() + n * row_bytes, row_bytes) != 0;
  }
  return count;
}

// The worst product with the activations, as a share of what roundings explain: above 1 is wrong.
double worst_product(const Blocks& blocks, const compute::Weight& weight,
                     std::span<const float> activations, compute::Pool& pool) {
  std::vector<float> out(blocks.n_rows), row(blocks.n_columns);
  compute::ops::matmul(compute::ConstTensor(activations.data(), {1, blocks.n_columns}), weight,
                       compute::Tensor(out.data(), {1, blocks.n_rows}), pool);
  double worst = 0;
  for (std::size_t n = 0; n < blocks.n_rows; ++n) {
    weight.row(n, row);
    float largest = 0;
    for (const float value : row) largest = std::max(largest, std::fabs(value));
    // Formats with an offset subtract numbers up to twice as large as what they stand for.
    auto rounding = compute::rounding_beside(blocks.dtype);
    rounding.weight_scale = 2.0 * largest;
    // The stored number is rounded to 9 digits.
    const double limit =
        matmul_error_max(row, activations, rounding) + 1e-8 * std::abs(blocks.dots[n]);
    const double error = std::abs(out[n] - blocks.dots[n]);
    if (error > 0) worst = std::max(worst, error / limit);
    if (std::isnan(error)) return INFINITY;
  }
  return worst;
}

Row compare_format(const std::filesystem::path& folder, const json::Object& entry,
                   std::span<const float> activations) {
  Row row = {"quants", std::string(json::string_or(entry, "type")), Verdict::Wrong};
  const auto blocks = read_blocks(folder, entry, activations.size());
  if (!blocks) {
    if (blocks.error().code == ErrorCode::Unsupported) row.verdict = Verdict::NotCovered;
    row.detail = blocks.error().message;
    return row;
  }
  std::size_t n_differ = 0;
  double worst = 0;
  std::string kernels;
  for (const auto isa : compute::kAllIsas) {
    if (!compute::is_available(isa)) continue;
    compute::Pool pool(1, isa);
    const auto weight = compute::Weight::load(
        {blocks->dtype, blocks->n_rows, blocks->n_columns, blocks->bytes()}, pool);
    if (!weight) {
      row.detail = weight.error().message;
      return row;
    }
    n_differ = count_rows_that_differ(*blocks, *weight);
    worst = std::max(worst, worst_product(*blocks, *weight, activations, pool));
    kernels += (kernels.empty() ? "" : ", ") + std::string(name(isa));
  }
  if (n_differ == 0 && worst <= 1) row.verdict = Verdict::Equal;
  row.detail = fmt::format(
      "{} of {} rows equal bit by bit; products at most {:.2g} of the rounding bound ({})",
      blocks->n_rows - n_differ, blocks->n_rows, worst, kernels);
  return row;
}

}  // namespace

Report compare_formats(const std::filesystem::path& folder, std::string_view only) {
  const auto types = read_json(folder / "types.json");
  if (!types) return {{"quants", "all", Verdict::Wrong, types.error().message}};
  const auto activations = read_file(folder / "activations.f32.bin");
  if (!activations) return {{"quants", "all", Verdict::Wrong, activations.error().message}};
  const auto x = numbers_in<float>(*activations);
  Report report;
  for (const auto& entry : types->as_array()) {
    if (!only.empty() && json::string_or(entry.as_object(), "type") != only) continue;
    report.push_back(compare_format(folder, entry.as_object(), x));
  }
  return report;
}

}  // namespace engine::golden
