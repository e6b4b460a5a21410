#include "engine/golden/quantisers.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "compute/quant/dequantize.h"
#include "compute/quant/quantize.h"
#include "engine/golden/files.h"

namespace engine::golden {
namespace {

constexpr std::size_t kColumns = 512;  // of the stored rows, see the data's README

// |a - b| / |b|
double relative_error(std::span<const float> a, std::span<const float> b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += static_cast<double>(b[i]) * b[i];
  }
  return size > 0 ? std::sqrt(difference / size) : 0;
}

std::vector<float> there_and_back(compute::DType dtype, std::span<const float> x) {
  std::vector<std::byte> row(*compute::row_bytes(dtype, kColumns));
  std::vector<float> back(x.size());
  for (std::size_t begin = 0; begin + kColumns <= x.size(); begin += kColumns) {
    compute::quant::quantize_row(dtype, x.subspan(begin, kColumns), row);
    compute::quant::dequantize_row(dtype, row, std::span(back).subspan(begin, kColumns));
  }
  return back;
}

Row compare_quantiser(const std::filesystem::path& folder, const json::Object& entry,
                      compute::DType dtype, std::span<const float> x) {
  Row row = {"quantisers", std::string(json::string_or(entry, "type")), Verdict::Wrong};
  const auto stored = read_file(folder / std::string(json::string_or(entry, "dequantised")));
  if (!stored || stored->size() != x.size_bytes()) {
    row.detail = stored ? "the stored rows have another length" : stored.error().message;
    return row;
  }
  const auto reference = numbers_in<float>(*stored);
  const auto ours = there_and_back(dtype, x);
  double worst = 0;  // of all rows: our error as a share of theirs
  for (std::size_t begin = 0; begin < x.size(); begin += kColumns) {
    const auto exact = x.subspan(begin, kColumns);
    const double mine = relative_error(std::span(ours).subspan(begin, kColumns), exact);
    const double theirs = relative_error(std::span(reference).subspan(begin, kColumns), exact);
    if (mine > 0) worst = std::max(worst, mine / theirs);
  }
  // Where both round scales in the same way they tie, but for the order of sums.
  if (worst <= 1.001) row.verdict = Verdict::Within;
  row.detail = fmt::format(
      "relative error {:.6f}, the reference's {:.6f}; on the worst of the rows {:.4f} of it",
      relative_error(ours, x), relative_error(reference, x), worst);
  return row;
}

}  // namespace

Report compare_quantisers(const std::filesystem::path& folder, std::string_view only) {
  const auto types = read_json(folder / "types.json");
  const auto input = read_file(folder / "input.f32.bin");
  if (!types) return {{"quantisers", "all", Verdict::Wrong, types.error().message}};
  if (!input) return {{"quantisers", "all", Verdict::Wrong, input.error().message}};
  const auto x = numbers_in<float>(*input);
  Report report;
  for (const auto& value : types->as_array()) {
    const auto& entry = value.as_object();
    if (!only.empty() && json::string_or(entry, "type") != only) continue;
    const auto dtype = compute::dtype_from_gguf(entry.at("ggml_type").to_number<std::uint32_t>());
    if (!dtype || !compute::quant::can_quantize(*dtype)) continue;
    report.push_back(compare_quantiser(folder, entry, *dtype, x));
  }
  return report;
}

}  // namespace engine::golden
