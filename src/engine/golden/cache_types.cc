#include "engine/golden/cache_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/golden/files.h"
#include "engine/golden/model_runner.h"

namespace engine::golden {
namespace {

using Logits = std::vector<std::vector<float>>;  // [n_tokens, n_vocab]

// With random weights a router that is nearly undecided, or an activation nearly between two steps,
// turns a small change into a visible one. A cache that is wrong is off by 1 and more.
constexpr double kErrorMaxF16 = 1e-2;
constexpr double kErrorMaxBf16 = 1e-1;
constexpr double kErrorMaxQ8 = 1e-1;

struct Effect {
  double largest = 0;      // difference of a logit
  double error = 0;        // sum of squared differences / sum of squares
  std::size_t agreed = 0;  // tokens after which the best is the same
};

Effect effect_of(const Logits& got, const Logits& exact) {
  Effect effect;
  double difference = 0, size = 0;
  for (std::size_t t = 0; t < exact.size(); ++t) {
    for (std::size_t i = 0; i < exact[t].size(); ++i) {
      const double d = static_cast<double>(got[t][i]) - exact[t][i];
      effect.largest = std::max(effect.largest, std::abs(d));
      difference += d * d;
      size += static_cast<double>(exact[t][i]) * exact[t][i];
    }
    effect.agreed += std::ranges::max_element(got[t]) - got[t].begin() ==
                     std::ranges::max_element(exact[t]) - exact[t].begin();
  }
  effect.error = difference / size;
  return effect;
}

// The longest of the stored prompts, read by a model with such a cache; empty for encoders.
Result<Logits> read_prompt(const std::string& path, const json::Value& stored, KvType type) {
  const auto* runs = json::find(stored, "runs");
  if (runs == nullptr || runs->as_array().empty()) return Logits();
  auto runner = ModelRunner::open(path, stored.at("n_ctx").to_number<int>(), 1, type);
  if (!runner) return fail(runner.error());
  if ((*runner)->model().kv_layers().empty()) return Logits();
  return (*runner)->feed(ints_of(runs->as_array().back().as_object().at("tokens")));
}

std::optional<Row> compare_caches(const std::filesystem::path& folder, const std::string& name) {
  Row row = {"cache", name, Verdict::Wrong};
  const auto stored = read_json(folder / (name + ".json"));
  if (!stored) return row.detail = stored.error().message, row;
  const auto path = (folder / (name + ".gguf")).string();
  const auto exact = read_prompt(path, *stored, KvType::F32);
  const auto half = read_prompt(path, *stored, KvType::F16);
  const auto brief = read_prompt(path, *stored, KvType::BF16);
  const auto eighth = read_prompt(path, *stored, KvType::Q8);
  for (const auto* logits : {&exact, &half, &brief, &eighth}) {
    if (!*logits) return row.detail = logits->error().message, row;
  }
  if (exact->empty()) return std::nullopt;
  const auto f16 = effect_of(*half, *exact), bf16 = effect_of(*brief, *exact),
             q8 = effect_of(*eighth, *exact);
  if (f16.error <= kErrorMaxF16 && bf16.error <= kErrorMaxBf16 && q8.error <= kErrorMaxQ8) {
    row.verdict = Verdict::Within;
  }
  row.detail = fmt::format(
      "f16: largest difference {:.2g}, squared error {:.1g}, best token {} of {}; "
      "bf16: {:.2g}, {:.1g}, {} of {}; q8: {:.2g}, {:.1g}, {} of {}",
      f16.largest, f16.error, f16.agreed, exact->size(), bf16.largest, bf16.error, bf16.agreed,
      exact->size(), q8.largest, q8.error, q8.agreed, exact->size());
  return row;
}

}  // namespace

Report compare_cache_types(const std::filesystem::path& folder, std::string_view only) {
  Report report;
  for (const auto& name : names_in(folder, ".gguf", only)) {
    if (auto row = compare_caches(folder, name)) report.push_back(*std::move(row));
  }
  return report;
}

}  // namespace engine::golden
