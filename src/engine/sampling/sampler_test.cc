#include "engine/sampling/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/sampling/counter_random.h"

namespace engine {
namespace {

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

// Without steps that leave tokens out it does not make the distribution, but draws as if it did.
TEST(Sampler, DrawsFromAllTokensAsTheirDistributionSays) {
  std::vector<float> logits(500);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = 30 * std::sin(static_cast<float>(i * i));
  }
  logits[7] = -std::numeric_limits<float>::infinity();
  logits[9] = std::nanf("");
  for (const float temperature : {0.1f, 1.0f, 2.0f}) {
    Sampler sampler({.temperature = temperature, .seed = 5}, logits.size());
    for (std::uint64_t position = 0; position < 200; ++position) {
      const auto& [candidates, sum] = sampler.distribution(logits, {});
      const double goal = counter_uniform(5, 0, position) * sum;
      double reached = 0;
      std::size_t i = 0;
      while (i + 1 < candidates.size() && !(goal < reached + candidates[i].weight)) {
        reached += candidates[i++].weight;
      }
      const TokenId expected = candidates[i].token;
      EXPECT_EQ(sampler.sample(logits, {}, position), expected);
    }
  }
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
