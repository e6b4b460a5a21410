#include <fmt/format.h>

#include <cstring>

#include "compute/quant/dequantize.h"
#include "engine/golden/files.h"
#include "engine/golden/sections.h"

namespace engine::golden {
namespace {

Row compare_type(const std::filesystem::path& folder, const json::Object& type) {
  Row row{"quants", std::string(type.at("type").as_string()), Verdict::NotCovered, ""};
  const auto dtype = compute::dtype_from_name(row.name);
  if (!dtype || !compute::quant::can_dequantize(*dtype)) return row;
  const auto packed = read_file(folder / type.at("packed").as_string().c_str());
  const auto expected = read_file(folder / type.at("dequantised").as_string().c_str());
  const auto row_bytes = type.at("row_bytes").to_number<std::size_t>();
  row.verdict = Verdict::Wrong;
  if (!packed || !expected || row_bytes == 0) return row;
  const std::size_t rows = packed->size() / row_bytes;
  const std::size_t columns = expected->size() / sizeof(float) / rows;
  if (compute::row_bytes(*dtype, columns).value_or(0) != row_bytes) return row;

  std::vector<float> values(columns);
  std::size_t equal = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    compute::quant::dequantize_row(
        *dtype, std::as_bytes(std::span(*packed)).subspan(r * row_bytes, row_bytes), values);
    const auto* stored = expected->data() + r * columns * sizeof(float);
    equal += std::memcmp(values.data(), stored, columns * sizeof(float)) == 0;
  }
  if (equal == rows) row.verdict = Verdict::Equal;
  row.detail = fmt::format("{} of {} rows equal bit by bit", equal, rows);
  return row;
}

}  // namespace

Report compare_quants(const std::filesystem::path& folder) {
  const auto types = read_json(folder / "types.json");
  if (!types) return {{"quants", "types.json", Verdict::Wrong, types.error().message}};
  Report report;
  for (const auto& type : types->as_array())
    report.push_back(compare_type(folder, type.as_object()));
  return report;
}

}  // namespace engine::golden
