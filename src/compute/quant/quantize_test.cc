#include "compute/quant/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "compute/quant/dequantize.h"
#include "compute/quant/golden_testing.h"

namespace compute::quant {
namespace {

constexpr DType kTypes[] = {DType::F32,  DType::F16,  DType::BF16, DType::Q4_0,
                            DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0,
                            DType::Q4_K, DType::Q5_K, DType::Q6_K};

class QuantizeTo : public ::testing::TestWithParam<DType> {
 protected:
  std::vector<float> there_and_back(std::span<const float> x) const {
    std::vector<std::byte> bytes(*row_bytes(GetParam(), x.size()));
    quantize_row(GetParam(), x, bytes);
    std::vector<float> back(x.size());
    dequantize_row(GetParam(), bytes, back);
    return back;
  }
};

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  }
  return sum;
}

TEST_P(QuantizeTo, IsNoWorseThanTheReference) {
  if (!testing::has_golden()) GTEST_SKIP() << "no golden data";
  if (GetParam() == DType::F32) GTEST_SKIP() << "exact";
  const auto x = testing::golden_floats("input.f32.bin");
  const auto reference = testing::golden_floats(std::string(name(GetParam())) + ".f32.bin");
  double ours_total = 0;
  double theirs_total = 0;
  for (std::size_t row = 0; row < 4; ++row) {
    const auto one = std::span(x).subspan(row * 512, 512);
    const double ours = squared_distance(there_and_back(one), one);
    const double theirs = squared_distance(std::span(reference).subspan(row * 512, 512), one);
    // A thousandth for roundings: where the reference rounds scales in the same way, they tie.
    EXPECT_LE(ours, theirs * 1.001) << "row " << row;
    ours_total += ours;
    theirs_total += theirs;
  }
  const double norm = squared_distance(x, std::vector<float>(x.size()));
  RecordProperty("relative_error", std::to_string(std::sqrt(ours_total / norm)));
  RecordProperty("reference", std::to_string(std::sqrt(theirs_total / norm)));
}

TEST_P(QuantizeTo, KeepsZeroAndBearsExtremes) {
  const std::size_t n = 256;
  EXPECT_EQ(there_and_back(std::vector<float>(n)), std::vector<float>(n));

  std::vector<float> x(n, 1e-30f);
  there_and_back(x);
  x.assign(n, 3e38f);
  x[7] = -3e38f;
  there_and_back(x);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  x[4] = std::numeric_limits<float>::infinity();
  there_and_back(x);
}

TEST_P(QuantizeTo, KeepsConstantBlocks) {
  for (const float value : {0.75f, -0.75f}) {
    for (const float back : there_and_back(std::vector<float>(256, value))) {
      EXPECT_NEAR(back, value, 0.01);
    }
  }
}

TEST_P(QuantizeTo, IsStable) {
  base::SeededRandom random(5);
  std::vector<float> x(512);
  for (auto& value : x) value = static_cast<float>(random.unit() - 0.5);
  const auto once = there_and_back(x);
  const auto twice = there_and_back(once);
  const double norm = squared_distance(x, std::vector<float>(x.size()));
  EXPECT_LE(squared_distance(once, twice), 1e-4 * norm);
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizeTo, ::testing::ValuesIn(kTypes),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace compute::quant
