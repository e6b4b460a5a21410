#include "engine/golden/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/golden/files.h"
#include "engine/sampling/logprobs.h"
#include "engine/sampling/sampler.h"

namespace engine::golden {
namespace {

float number_or(const json::Object& object, std::string_view key, float otherwise) {
  const auto* value = json::find(object, key);
  return value ? value->to_number<float>() : otherwise;
}

SamplingParams params_of(const json::Object& object) {
  SamplingParams params;
  params.temperature = number_or(object, "temperature", 1);
  params.top_p = number_or(object, "top_p", 1);
  params.top_k = static_cast<int>(number_or(object, "top_k", 0));
  params.min_p = number_or(object, "min_p", 0);
  params.repetition_penalty = number_or(object, "repetition_penalty", 1);
  params.presence_penalty = number_or(object, "presence_penalty", 0);
  params.frequency_penalty = number_or(object, "frequency_penalty", 0);
  if (const auto* biases = json::find(object, "logit_bias")) {
    for (const auto& [token, bias] : biases->as_object()) {
      params.logit_bias.push_back({std::stoi(token), bias.to_number<float>()});
    }
  }
  return params;
}

Sampler sampler_of(const json::Object& object, std::size_t n_vocab) {
  Sampler sampler(params_of(object), n_vocab);
  if (const auto* counts = json::find(object, "counts")) {
    for (const auto& [token, count] : counts->as_object()) {
      for (int i = 0; i < count.to_number<int>(); ++i) sampler.add_generated(std::stoi(token));
    }
  }
  return sampler;
}

struct Stored {
  json::Value cases;
  std::size_t vocab = 0;
  std::vector<float> logits;     // [vectors, vocab]
  std::vector<double> expected;  // [rows, vocab]

  std::span<const float> vector(std::size_t index) const {
    return std::span(logits).subspan(index * vocab, vocab);
  }
};

Result<Stored> read_stored(const std::filesystem::path& folder) {
  Stored stored;
  auto cases = read_json(folder / "cases.json");
  if (!cases) return fail(cases.error());
  const auto logits = read_file(folder / "logits.f32.bin");
  if (!logits) return fail(logits.error());
  const auto expected = read_file(folder / "expected.f64.bin");
  if (!expected) return fail(expected.error());
  stored.vocab = cases->at("vocab").to_number<std::size_t>();
  stored.cases = std::move(*cases);
  stored.logits = numbers_in<float>(*logits);
  stored.expected = numbers_in<double>(*expected);
  if (stored.logits.size() < stored.cases.at("vectors").as_array().size() * stored.vocab ||
      stored.expected.size() < stored.cases.at("rows").to_number<std::size_t>() * stored.vocab) {
    return fail(ErrorCode::CorruptData, "the stored vectors are cut short");
  }
  return stored;
}

// The largest difference of a probability from the stored one.
double distribution_error(const Stored& stored, const json::Value& entry) {
  auto sampler = sampler_of(entry.at("params").as_object(), stored.vocab);
  const auto logits = stored.vector(entry.at("logits").to_number<std::size_t>());
  const auto& distribution = sampler.distribution(logits, {});
  std::vector<double> got(stored.vocab);
  for (const auto& c : distribution.candidates) got[c.token] = c.weight / distribution.weight_sum;
  const auto row = entry.at("row").to_number<std::size_t>();
  double worst = 0;
  for (std::size_t i = 0; i < stored.vocab; ++i) {
    const double error = std::abs(got[i] - stored.expected[row * stored.vocab + i]);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

Row compare_distributions(const Stored& stored, std::size_t vector, const std::string& name) {
  // The limits that belong to the stored results.
  const double tolerance = name == "large" ? 2e-4 : 1e-5;
  Row row = {"sampling", name, Verdict::Within};
  double worst = 0;
  int n_cases = 0;
  std::string differing;
  for (const auto& entry : stored.cases.at("cases").as_array()) {
    if (entry.at("logits").to_number<std::size_t>() != vector) continue;
    const double error = distribution_error(stored, entry);
    ++n_cases;
    if (!(error <= tolerance)) {
      row.verdict = Verdict::Wrong;
      if (differing.empty()) differing = ": " + json::dump(entry);
    }
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  row.detail =
      fmt::format("{} cases, at most {:.1e} of {:.0e}{}", n_cases, worst, tolerance, differing);
  if (n_cases == 0) row.verdict = Verdict::NotCovered;
  return row;
}

// The best twenty of an untouched vector, in order.
Row compare_logprobs_of(const Stored& stored, std::size_t vector, const std::string& name) {
  constexpr double kTolerance = 1e-4;
  const auto& list = stored.cases.at("top20_logprobs").as_array()[vector].as_array();
  const auto token_at = [&](std::size_t i) { return list[i].as_array()[0].to_number<TokenId>(); };
  const auto got = compute_logprobs(stored.vector(vector), token_at(0), list.size());
  Row row = {"sampling", name + " logprobs", Verdict::Within};
  bool same_order = got.chosen == got.top[0].logprob;
  double worst = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    same_order = same_order && got.top[i].token == token_at(i);
    const double error = std::abs(got.top[i].logprob - list[i].as_array()[1].to_number<double>());
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  if (!same_order || !(worst <= kTolerance)) row.verdict = Verdict::Wrong;
  row.detail = fmt::format("{} tokens, at most {:.1e} of {:.0e}{}", list.size(), worst, kTolerance,
                           same_order ? "" : ", in another order");
  return row;
}

}  // namespace

Report compare_sampling(const std::filesystem::path& folder, std::string_view only) {
  const auto stored = read_stored(folder);
  if (!stored) return {{"sampling", "all", Verdict::Wrong, stored.error().message}};
  Report report;
  const auto& names = stored->cases.at("vectors").as_array();
  const auto n_logprobs = stored->cases.at("top20_logprobs").as_array().size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name(names[i].as_string());
    if (!only.empty() && only != name) continue;
    report.push_back(compare_distributions(*stored, i, name));
    if (i < n_logprobs) report.push_back(compare_logprobs_of(*stored, i, name));
  }
  return report;
}

}  // namespace engine::golden
