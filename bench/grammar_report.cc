#include "grammar_report.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include <fmt/format.h>

namespace bench {
namespace {

double quantile(std::vector<float>& values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

double average(const std::vector<float>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

}  // namespace

void GrammarFigures::add(const GrammarFigures& other) {
  files += other.files;
  passing += other.passing;
  refused += other.refused;
  wrongly_accepted += other.wrongly_accepted;
  wrongly_refused += other.wrongly_refused;
  tokens += other.tokens;
  mask_us.insert(mask_us.end(), other.mask_us.begin(), other.mask_us.end());
  compile_us.insert(compile_us.end(), other.compile_us.begin(), other.compile_us.end());
}

json::Object to_json(GrammarFigures& f) {
  json::Object out;
  out["files"] = f.files;
  out["passing"] = f.passing;
  out["compile_errors"] = f.refused;
  out["wrongly_accepted"] = f.wrongly_accepted;
  out["wrongly_refused"] = f.wrongly_refused;
  out["tokens"] = f.tokens;
  out["mask_us_avg"] = average(f.mask_us);
  out["mask_us_p50"] = quantile(f.mask_us, 0.5);
  out["mask_us_p99"] = quantile(f.mask_us, 0.99);
  out["mask_us_p999"] = quantile(f.mask_us, 0.999);
  out["compile_us_avg"] = average(f.compile_us);
  out["compile_us_p50"] = quantile(f.compile_us, 0.5);
  out["compile_us_p99"] = quantile(f.compile_us, 0.99);
  return out;
}

void print_table(std::map<std::string, GrammarFigures>& by_dataset) {
  fmt::print("{:<18}{:>6}{:>8}{:>7}{:>7}{:>7}{:>8}{:>9}{:>8}{:>8}{:>9}{:>9}{:>10}{:>10}\n",
             "dataset", "files", "passing", "%", "error", "wrong+", "wrong-", "masks", "avg us",
             "p50 us", "p99 us", "p99.9 us", "compile50", "compile99");
  for (auto& [name, f] : by_dataset) {
    fmt::print(
        "{:<18}{:>6}{:>8}{:>7.1f}{:>7}{:>7}{:>8}{:>9}{:>8.2f}{:>8.2f}{:>9.1f}{:>9.1f}{:>10.1f}"
        "{:>10.1f}\n",
        name, f.files, f.passing,
        f.files == 0 ? 0 : 100.0 * static_cast<double>(f.passing) / static_cast<double>(f.files),
        f.refused, f.wrongly_accepted, f.wrongly_refused, f.mask_us.size(), average(f.mask_us),
        quantile(f.mask_us, 0.5), quantile(f.mask_us, 0.99), quantile(f.mask_us, 0.999),
        quantile(f.compile_us, 0.5), quantile(f.compile_us, 0.99));
  }
}

}  // namespace bench
