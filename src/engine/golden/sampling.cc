#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/golden/files.h"
#include "engine/golden/sections.h"
#include "engine/sampling/logprobs.h"
#include "engine/sampling/sampler.h"

namespace engine::golden {
namespace {

template <class T>
std::vector<T> numbers_in(const std::string& bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

float number_or(const json::Object& object, std::string_view key, float otherwise) {
  const auto* value = json::find(object, key);
  return value ? value->to_number<float>() : otherwise;
}

Sampler sampler_of(const json::Object& object, std::size_t n_vocab) {
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
  Sampler sampler(std::move(params), n_vocab);
  if (const auto* counts = json::find(object, "counts")) {
    for (const auto& [token, count] : counts->as_object()) {
      for (int i = 0; i < count.to_number<int>(); ++i) sampler.add_generated(std::stoi(token));
    }
  }
  return sampler;
}

// One row of the table from how far the worst case was beyond its limit.
Row row_of(const std::string& name, std::size_t cases, double worst) {
  return {"sampling", name, worst <= 1 ? Verdict::Within : Verdict::Wrong,
          fmt::format("{} cases, {:.2g} of the limit", cases, worst)};
}

}  // namespace

Report compare_sampling(const std::filesystem::path& folder) {
  const auto cases = read_json(folder / "cases.json");
  const auto logit_bytes = read_file(folder / "logits.f32.bin");
  const auto expected_bytes = read_file(folder / "expected.f64.bin");
  if (!cases || !logit_bytes || !expected_bytes) {
    return {{"sampling", "cases", Verdict::Wrong, "a file is missing"}};
  }
  const auto vocab = cases->at("vocab").to_number<std::size_t>();
  const auto logits = numbers_in<float>(*logit_bytes);
  const auto expected = numbers_in<double>(*expected_bytes);
  const auto vector_at = [&](std::size_t i) { return std::span(logits).subspan(i * vocab, vocab); };

  double worst = 0;
  for (const auto& entry : cases->at("cases").as_array()) {
    const auto vector = entry.at("logits").to_number<std::size_t>();
    const auto row = entry.at("row").to_number<std::size_t>();
    auto sampler = sampler_of(entry.at("params").as_object(), vocab);
    const auto& distribution = sampler.distribution(vector_at(vector), {});
    std::vector<double> got(vocab);
    for (const auto& c : distribution.candidates) {
      got[static_cast<std::size_t>(c.token)] = c.weight / distribution.weight_sum;
    }
    const bool large = cases->at("vectors").as_array()[vector].as_string() == "large";
    for (std::size_t i = 0; i < vocab; ++i) {
      const double difference = std::abs(got[i] - expected[row * vocab + i]);
      worst = std::max(worst, difference / (large ? 2e-4 : 1e-5));
    }
  }
  double worst_logprob = 0;
  const auto& lists = cases->at("top20_logprobs").as_array();
  for (std::size_t vector = 0; vector < lists.size(); ++vector) {
    const auto& list = lists[vector].as_array();
    const auto got = compute_logprobs(vector_at(vector), 0, list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& pair = list[i].as_array();
      const bool same = got.top[i].token == pair[0].to_number<TokenId>();
      const double difference = std::abs(got.top[i].logprob - pair[1].to_number<double>());
      worst_logprob = std::max(worst_logprob, same ? difference / 1e-4 : INFINITY);
    }
  }
  return {row_of("distributions", cases->at("cases").as_array().size(), worst),
          row_of("log probabilities", lists.size(), worst_logprob)};
}

}  // namespace engine::golden
