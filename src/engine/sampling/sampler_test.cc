#include "engine/sampling/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "engine/golden/files.h"
#include "engine/sampling/logprobs.h"

namespace engine {
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

TEST(Sampler, GivesTheStoredDistributions) {
  const auto folder = golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  const auto cases = read_json(*folder / "sampling/cases.json").value();
  const auto vocab = cases.at("vocab").to_number<std::size_t>();
  const auto logits = numbers_in<float>(read_file(*folder / "sampling/logits.f32.bin").value());
  const auto expected =
      numbers_in<double>(read_file(*folder / "sampling/expected.f64.bin").value());

  for (const auto& entry : cases.at("cases").as_array()) {
    const auto vector = entry.at("logits").to_number<std::size_t>();
    const auto row = entry.at("row").to_number<std::size_t>();
    auto sampler = sampler_of(entry.at("params").as_object(), vocab);
    const auto& distribution =
        sampler.distribution(std::span(logits).subspan(vector * vocab, vocab), {});
    std::vector<double> got(vocab);
    for (const auto& c : distribution.candidates) {
      got[c.token] = c.weight / distribution.weight_sum;
    }
    const double tolerance =
        cases.at("vectors").as_array()[vector].as_string() == "large" ? 2e-4 : 1e-5;
    double worst = 0;
    for (std::size_t i = 0; i < vocab; ++i) {
      worst = std::max(worst, std::abs(got[i] - expected[row * vocab + i]));
    }
    EXPECT_LE(worst, tolerance) << json::dump(entry);
  }
}

TEST(Logprobs, EqualTheStoredOnes) {
  const auto folder = golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  const auto cases = read_json(*folder / "sampling/cases.json").value();
  const auto vocab = cases.at("vocab").to_number<std::size_t>();
  const auto logits = numbers_in<float>(read_file(*folder / "sampling/logits.f32.bin").value());
  const auto& lists = cases.at("top20_logprobs").as_array();
  for (std::size_t vector = 0; vector < lists.size(); ++vector) {
    const auto& list = lists[vector].as_array();
    const auto first = list[0].as_array()[0].to_number<TokenId>();
    const auto got =
        compute_logprobs(std::span(logits).subspan(vector * vocab, vocab), first, list.size());
    EXPECT_EQ(got.chosen, got.top[0].logprob);
    for (std::size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(got.top[i].token, list[i].as_array()[0].to_number<TokenId>());
      EXPECT_NEAR(got.top[i].logprob, list[i].as_array()[1].to_number<double>(), 1e-4);
    }
  }
}

TEST(Sampler, DrawsTheSameTokenForTheSameSeedAndPosition) {
  const std::vector<float> logits(100, 0.0f);
  Sampler one({.seed = 7}, 100), two({.seed = 7}, 100), other({.seed = 8}, 100);
  int differences = 0;
  for (std::uint64_t position = 0; position < 50; ++position) {
    EXPECT_EQ(one.sample(logits, {}, position), two.sample(logits, {}, position));
    differences += one.sample(logits, {}, position) != other.sample(logits, {}, position);
  }
  EXPECT_GT(differences, 40);
}

TEST(Sampler, DrawsInProportion) {
  const std::vector<float> logits = {0, std::log(3.0f)};
  Sampler sampler({.seed = 1}, 2);
  int ones = 0;
  for (std::uint64_t position = 0; position < 10'000; ++position) {
    ones += *sampler.sample(logits, {}, position) == 1;
  }
  // Standard deviation sqrt(10000 * 3/4 * 1/4) = 43; five of them.
  EXPECT_NEAR(ones, 7'500, 217);
}

TEST(Sampler, ObeysTheMaskAndSaysWhenNothingIsLeft) {
  const std::vector<float> logits = {3, 2, 1, 0};
  const std::uint64_t last_only[] = {0b1000}, none[] = {0};
  for (const float temperature : {0.0f, 1.0f}) {
    Sampler sampler({.temperature = temperature}, 4);
    EXPECT_EQ(sampler.sample(logits, last_only, 0), 3);
    EXPECT_EQ(sampler.sample(logits, none, 0), std::nullopt);
  }
}

TEST(Sampler, SurvivesLogitsThatAreNoNumbers) {
  const std::vector<float> logits(5, std::nanf(""));
  EXPECT_EQ(Sampler({.temperature = 0}, 5).sample(logits, {}, 0), std::nullopt);
  EXPECT_EQ(Sampler({}, 5).sample(logits, {}, 0), std::nullopt);
}

TEST(SamplingParams, RefusesValuesOutOfRange) {
  EXPECT_TRUE(validate({}, 10));
  EXPECT_EQ(validate({.temperature = -0.1f}, 10).error().param, "temperature");
  EXPECT_EQ(validate({.top_p = 1.01f}, 10).error().param, "top_p");
  EXPECT_EQ(validate({.top_k = -1}, 10).error().param, "top_k");
  EXPECT_EQ(validate({.presence_penalty = std::nanf("")}, 10).error().param, "presence_penalty");
  EXPECT_TRUE(validate({.logit_bias = {{9, 1}}}, 10));
  EXPECT_EQ(validate({.logit_bias = {{10, 1}}}, 10).error().param, "logit_bias");
}

}  // namespace
}  // namespace engine
