#include "compute/quant/dequantize.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "compute/quant/golden_testing.h"
#include "compute/quant/half.h"

namespace compute::quant {
namespace {

using testing::golden_bytes;

constexpr DType kGoldenTypes[] = {
    DType::F16,   DType::BF16,    DType::Q1_0,  DType::Q2_0,   DType::Q4_0,    DType::Q4_1,
    DType::Q5_0,  DType::Q5_1,    DType::Q8_0,  DType::Q2_K,   DType::Q3_K,    DType::Q4_K,
    DType::Q5_K,  DType::Q6_K,    DType::IQ1_S, DType::IQ1_M,  DType::IQ2_XXS, DType::IQ2_XS,
    DType::IQ2_S, DType::IQ3_XXS, DType::IQ3_S, DType::IQ4_NL, DType::IQ4_XS,  DType::TQ1_0,
    DType::TQ2_0, DType::MXFP4,   DType::NVFP4};

class DequantizeGolden : public ::testing::TestWithParam<DType> {};

TEST_P(DequantizeGolden, IsBitExact) {
  if (!testing::has_golden()) GTEST_SKIP() << "no golden data";
  const std::string type(name(GetParam()));
  const auto packed = golden_bytes(type + ".bin");
  const auto expected = golden_bytes(type + ".f32.bin");
  const std::size_t n = 512;
  const auto bytes = row_bytes(GetParam(), n);
  ASSERT_TRUE(bytes);
  ASSERT_EQ(packed.size(), 4 * *bytes);

  for (std::size_t row = 0; row < 4; ++row) {
    std::vector<float> out(n);
    dequantize_row(GetParam(), std::span(packed).subspan(row * *bytes, *bytes), out);
    EXPECT_EQ(0, std::memcmp(out.data(), expected.data() + row * n * 4, n * 4)) << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, DequantizeGolden, ::testing::ValuesIn(kGoldenTypes),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(Half, EveryF16SurvivesTheRoundTrip) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const bool is_nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0;
    if (is_nan) continue;
    EXPECT_EQ(f16_from_f32(f32_from_f16(half)), half);
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(f16_from_f32(1.0f + 0x1p-11f), 0x3c00);  // half a step above 1: to even
  EXPECT_EQ(f16_from_f32(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
  EXPECT_EQ(f16_from_f32(0x1p-25f), 0);  // half the smallest denormal
  EXPECT_EQ(f16_from_f32(0x1.8p-24f), 2);
  EXPECT_EQ(f16_from_f32(65519.f), 0x7bff);
  EXPECT_EQ(f16_from_f32(65520.f), 0x7c00);
  EXPECT_EQ(bf16_from_f32(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(bf16_from_f32(1.0f + 0x1p-8f + 0x1p-16f), 0x3f81);
}

}  // namespace
}  // namespace compute::quant
