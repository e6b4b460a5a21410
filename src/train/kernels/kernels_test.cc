// Each table against plain loops in double.
#include "train/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

#if defined(__x86_64__)
#include "train/kernels/avx512.h"
#endif

namespace train {
namespace {

std::vector<float> noise(std::size_t n, std::uint64_t seed) {
  base::SeededRandom random(seed);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.unit() * 2 - 1);
  return values;
}

struct Table {
  const Kernels* kernels;
  double error_per_term;  // of a product of two numbers below one
};

std::vector<Table> tables() {
  std::vector<Table> all{{&portable_kernels(), 1e-6}};
#if defined(__x86_64__)
  // bf16 keeps 8 bits of each factor: 2^-8 of the product; signs mix, so sums grow as their root.
  if (avx512_supported()) all.push_back({&avx512_kernels(), 1.0 / 256});
#endif
  return all;
}

TEST(Kernels, MultiplyEveryLayoutAndOddSizes) {
  for (const Table& table : tables()) {
    for (const auto [rows, cols, inner] : {ProductSize{1, 1, 1}, ProductSize{7, 70, 33},
                                           ProductSize{13, 64, 2}, ProductSize{33, 130, 65}}) {
      for (int layout = 0; layout < 8; ++layout) {
        const bool a_turned = layout & 1;
        const bool b_turned = layout & 2;
        const bool accumulate = layout & 4;
        const auto a = noise(std::size_t(rows) * std::size_t(inner), 1);
        const auto b = noise(std::size_t(inner) * std::size_t(cols), 2);
        std::vector<float> out(std::size_t(rows) * std::size_t(cols), 0.5f);
        PackingSpace space;
        table.kernels->multiply({rows, cols, inner}, {a.data(), a_turned ? rows : inner, a_turned},
                                {b.data(), b_turned ? inner : cols, b_turned}, out.data(), cols,
                                accumulate, space);
        for (int r = 0; r < rows; ++r) {
          for (int c = 0; c < cols; ++c) {
            double sum = accumulate ? 0.5 : 0.0;
            for (int k = 0; k < inner; ++k)
              sum += double(a[std::size_t(a_turned ? k * rows + r : r * inner + k)]) *
                     b[std::size_t(b_turned ? c * inner + k : k * cols + c)];
            const double tolerance = table.error_per_term * (2 * std::sqrt(double(inner)) + 1);
            ASSERT_NEAR(out[std::size_t(r * cols + c)], sum, tolerance)
                << table.kernels->name << " layout " << layout;
          }
        }
      }
    }
  }
}

TEST(Kernels, SoftmaxLossIsThatOfTheDefinition) {
  for (const Table& table : tables()) {
    auto logits = noise(2 * 37, 3);
    for (float& logit : logits) logit *= 20;
    const auto before = logits;
    const int targets[] = {5, 36};
    const float weights[] = {1.0f, 0.25f};
    float loss[2];
    table.kernels->softmax_loss(logits.data(), 2, 37, targets, weights, loss);
    for (int r = 0; r < 2; ++r) {
      double sum = 0;
      for (int i = 0; i < 37; ++i) sum += std::exp(double(before[std::size_t(r * 37 + i)]));
      for (int i = 0; i < 37; ++i) {
        const auto at = std::size_t(r * 37 + i);
        const double p = std::exp(double(before[at])) / sum;
        EXPECT_NEAR(logits[at], weights[r] * (p - (i == targets[r])), 1e-5) << table.kernels->name;
        if (i == targets[r]) {
          EXPECT_NEAR(loss[r], -weights[r] * std::log(p), 1e-3);
        }
      }
    }
  }
}

}  // namespace
}  // namespace train
