#include "compute/kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace compute {
namespace {

constexpr std::size_t kPage = kAttentionPageTokens;

struct Sides {
  std::vector<float> keys, values;  // [64, d]
  std::vector<std::byte> key_side, value_side;
};

Sides random_sides(CacheType type, std::size_t d, Isa isa) {
  base::SeededRandom random(d);
  Sides sides;
  for (auto* side : {&sides.keys, &sides.values}) {
    side->resize(kPage * d);
    for (float& value : *side) value = static_cast<float>(2 * random.unit() - 1);
  }
  const std::size_t bytes = kPage * (d + 1) * sizeof(float);
  sides.key_side.resize(bytes);
  sides.value_side.resize(bytes);
  const auto kernels = attention_kernels(type, isa);
  for (std::size_t t = 0; t < kPage; ++t) {
    kernels.store_key(sides.keys.data() + t * d, d, t, sides.key_side.data());
    kernels.store_value(sides.values.data() + t * d, d, t, sides.value_side.data());
  }
  return sides;
}

// One element's rounding, relative to 1; half a step of 1/127.
double element_error(CacheType type) {
  switch (type) {
    case CacheType::F32: return 1e-7;
    case CacheType::F16: return 0x1p-11;
    case CacheType::Q8: return 0.5 / 127;
    case CacheType::BF16: return 0x1p-8;  // 2^-9, and as much in what it is multiplied by
  }
  return 0;
}

void compare(CacheType type, Isa isa, std::size_t d, std::size_t n_queries) {
  SCOPED_TRACE(std::string(name(isa)) + " d " + std::to_string(d) + " queries " +
               std::to_string(n_queries));
  const auto kernels = attention_kernels(type, isa);
  const auto sides = random_sides(type, d, isa);
  base::SeededRandom random(1);
  std::vector<float> queries(n_queries * d), scores(n_queries * kPage), out(n_queries * d, 1.0f);
  for (float& value : queries) value = static_cast<float>(2 * random.unit() - 1);
  auto prepared = queries;
  kernels.loops.prepare(prepared.data(), n_queries, d);
  kernels.loops.scores(prepared.data(), n_queries, d, sides.key_side.data(),
                       sides.value_side.data(), scores.data());
  // Errors of d elements add up, at most: each is below element_error times |query| <= 1.
  const double tolerance = static_cast<double>(d) * (element_error(type) + 1e-6);
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t t = 0; t < kPage; ++t) {
      double exact = 0;
      for (std::size_t i = 0; i < d; ++i) exact += queries[q * d + i] * sides.keys[t * d + i];
      EXPECT_NEAR(scores[q * kPage + t], exact, tolerance);
    }
  }
  // Values as keys: on top of what is there.
  std::vector<float> value_scores(n_queries * kPage, 1.0f);
  auto for_values = queries;
  kernels.loops.prepare_for_values(for_values.data(), n_queries, d);
  kernels.loops.add_value_scores(for_values.data(), n_queries, d, sides.value_side.data(),
                                 value_scores.data());
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t t = 0; t < kPage; ++t) {
      double exact = 1;
      for (std::size_t i = 0; i < d; ++i) exact += queries[q * d + i] * sides.values[t * d + i];
      EXPECT_NEAR(value_scores[q * kPage + t], exact, tolerance + 1e-6);
    }
  }
  std::vector<float> rescale(n_queries, 0.5f);
  kernels.loops.weigh(scores.data(), rescale.data(), n_queries, d, sides.value_side.data(), 3, 61,
                      sides.value_side.data(), out.data());
  for (std::size_t q = 0; q < n_queries; ++q) {
    for (std::size_t i = 0; i < d; ++i) {
      double exact = 0.5, size = 1;
      for (std::size_t t = 3; t < 61; ++t) {
        exact += static_cast<double>(scores[q * kPage + t]) * sides.values[t * d + i];
        size += std::abs(scores[q * kPage + t]);
      }
      EXPECT_NEAR(out[q * d + i], exact, size * (element_error(type) + 1e-6));
    }
  }
}

TEST(AttentionKernels, AreRightInEveryInstructionSet) {
  for (const Isa isa : kAllIsas) {
    if (!is_available(isa)) continue;
    for (const auto type : {CacheType::F32, CacheType::F16, CacheType::Q8, CacheType::BF16}) {
      for (const std::size_t d : {1, 8, 16, 24, 64, 75, 100}) {
        for (const std::size_t n_queries : {1, 3, 4, 8, 15}) compare(type, isa, d, n_queries);
      }
    }
  }
}

TEST(AttentionKernels, SoftenLikeASoftmaxOverAllPages) {
  for (const Isa isa : kAllIsas) {
    if (!is_available(isa)) continue;
    const auto soften = attention_kernels(CacheType::F32, isa).soften;
    base::SeededRandom random(2);
    std::vector<float> scores(2 * kPage);
    for (float& value : scores) value = static_cast<float>(200 * random.unit() - 150);
    auto weights = scores;
    float highest = -INFINITY, sum = 0;
    EXPECT_EQ(soften(weights.data(), 5, kPage, 0.5f, highest, sum), 0);
    const float rescale = soften(weights.data() + kPage, 0, 50, 0.5f, highest, sum);
    double exact_highest = -INFINITY, exact_sum = 0;
    for (std::size_t t = 5; t < kPage + 50; ++t) {
      exact_highest = std::max(exact_highest, 0.5 * scores[t]);
    }
    for (std::size_t t = 5; t < kPage + 50; ++t) {
      exact_sum += std::exp(0.5 * scores[t] - exact_highest);
    }
    EXPECT_NEAR(sum / exact_sum, 1, 1e-6);
    for (std::size_t t = 0; t < 2 * kPage; ++t) {
      const bool inside = t >= 5 && t < kPage + 50;
      const double exact = inside ? std::exp(0.5 * scores[t] - exact_highest) : 0;
      EXPECT_NEAR(weights[t] * (t < kPage ? rescale : 1), exact, 1e-6) << t;
    }
  }
}

}  // namespace
}  // namespace compute
