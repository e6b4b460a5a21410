#include "compute/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"
#include "compute/random_weights_testing.h"

namespace compute {
namespace {

// Values of all sizes, both signs, in rows of a length that 16 does not divide.
std::vector<float> values(std::size_t n, float range) {
  base::SeededRandom random(n);
  auto result = testing::random_floats(n, random);
  for (auto& x : result) x *= range;
  result[0] = 0;
  return result;
}

ConstTensor in(const std::vector<float>& vector) {
  return ConstTensor(vector.data(), {vector.size()});
}
Tensor out_of(std::vector<float>& vector) {
  return Tensor(vector.data(), {vector.size()});
}

class OpsOn : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam())) GTEST_SKIP() << "this processor cannot run it";
  }
  Pool& pool() {
    if (!pool_) pool_ = std::make_unique<Pool>(2, GetParam());
    return *pool_;
  }

 private:
  std::unique_ptr<Pool> pool_;
};

struct ActivationCase {
  Activation activation;
  std::function<double(double)> exact;
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST_P(OpsOn, ActivationsFollowTheirFormulas) {
  const ActivationCase cases[] = {
      {Activation::Silu, [](double x) { return x * sigmoid(x); }},
      {Activation::GeluTanh,
       [](double x) {
         return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
       }},
      {Activation::GeluErf, [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
      {Activation::GeluQuick, [](double x) { return x * sigmoid(1.702 * x); }},
      {Activation::Relu, [](double x) { return std::max(x, 0.0); }},
      {Activation::Relu2, [](double x) { return std::max(x, 0.0) * std::max(x, 0.0); }},
      {Activation::Sigmoid, [](double x) { return sigmoid(x); }},
      {Activation::Tanh, [](double x) { return std::tanh(x); }},
  };
  for (const float range : {0.01f, 1.0f, 12.0f, 200.0f}) {
    const auto x = values(1003, range);
    for (const auto& [activation, exact] : cases) {
      std::vector<float> out(x.size());
      ops::activate(activation, in(x), out_of(out), pool());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = exact(x[i]);
        // A few roundings of the result and of factors of about 1 that x multiplies.
        const double tolerance = 4e-7 * (std::fabs(expected) + std::fabs(x[i])) + 1e-37;
        ASSERT_NEAR(out[i], expected, tolerance)
            << "activation " << static_cast<int>(activation) << " of " << x[i];
      }
    }
  }
}

TEST_P(OpsOn, GatedMultipliesAndMayOverwriteItsInput) {
  auto gate = values(77, 5);
  const auto up = values(77, 2);
  std::vector<float> activated(77);
  ops::activate(Activation::Silu, in(gate), out_of(activated), pool());
  ops::swiglu(in(gate), in(up), out_of(gate), pool());
  for (std::size_t i = 0; i < 77; ++i) EXPECT_EQ(gate[i], activated[i] * up[i]);
}

TEST_P(OpsOn, ClampedSwigluFollowsItsFormula) {
  const auto gate = values(50, 20);
  const auto up = values(50, 20);
  std::vector<float> out(50);
  ops::swiglu_clamped(in(gate), in(up), 1.702f, 7, out_of(out), pool());
  for (std::size_t i = 0; i < 50; ++i) {
    const double g = std::min(gate[i], 7.0f);
    const double u = std::clamp(up[i], -7.0f, 7.0f);
    EXPECT_NEAR(out[i], g * sigmoid(1.702 * g) * (u + 1), 1e-5);
  }
}

TEST_P(OpsOn, RmsNormDividesByTheRootMeanSquare) {
  const std::size_t n = 83;
  const auto x = values(3 * n, 3);
  const auto weight = values(n, 2);
  std::vector<float> out(x.size());
  ops::rms_norm(ConstTensor(x.data(), {3, n}), in(weight), 1e-5f, Tensor(out.data(), {3, n}),
                pool());
  for (std::size_t row = 0; row < 3; ++row) {
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i)
      squares += static_cast<double>(x[row * n + i]) * x[row * n + i];
    const double factor = 1 / std::sqrt(squares / n + 1e-5);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(out[row * n + i], x[row * n + i] * factor * weight[i], 2e-6);
    }
  }
}

TEST_P(OpsOn, RmsNormOfHeadsTakesOneWeightOrOnePerHead) {
  const auto x = values(2 * 3 * 20, 1);
  const auto per_head = values(3 * 20, 1);
  auto shared = x;
  auto separate = x;
  ops::rms_norm_heads(Tensor(shared.data(), {2, 3, 20}), ConstTensor(per_head.data() + 20, {20}), 0,
                      pool());
  ops::rms_norm_heads(Tensor(separate.data(), {2, 3, 20}), ConstTensor(per_head.data(), {3, 20}), 0,
                      pool());
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(shared[20 + i], separate[20 + i]);  // head 1 of token 0 has the same weight
    EXPECT_EQ(shared[80 + i], separate[80 + i]);  // and head 1 of token 1
  }
}

TEST_P(OpsOn, LayerNormCentresScalesAndShifts) {
  const std::size_t n = 37;
  auto x = values(2 * n, 1);
  for (auto& value : x) value += 100;  // a mean that must not cost digits
  const auto weight = values(n, 2);
  const auto bias = values(n, 1);
  std::vector<float> out(x.size());
  ops::layer_norm(ConstTensor(x.data(), {2, n}), in(weight), in(bias), 1e-5f,
                  Tensor(out.data(), {2, n}), pool());
  for (std::size_t row = 0; row < 2; ++row) {
    const std::span one(x.data() + row * n, n);
    const double mean = std::accumulate(one.begin(), one.end(), 0.0) / n;
    double variance = 0;
    for (const float value : one) variance += (value - mean) * (value - mean) / n;
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = (one[i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i];
      EXPECT_NEAR(out[row * n + i], expected, 1e-4);  // 100 has 7.6e-6 between its neighbours
    }
  }
}

TEST_P(OpsOn, SoftmaxSumsToOneAndBearsLargeLogits) {
  std::vector<float> x = values(61, 4);
  x[60] = 1000;
  x[59] = 999;
  ops::softmax(Tensor(x.data(), {1, 61}), pool());
  EXPECT_NEAR(std::accumulate(x.begin(), x.end(), 0.0), 1, 1e-6);
  EXPECT_NEAR(x[60], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(x[0], 0);

  std::vector<float> masked = {-INFINITY, 0, -INFINITY, 0};
  ops::softmax(out_of(masked), pool());
  EXPECT_EQ(masked, (std::vector<float>{0, 0.5, 0, 0.5}));
}

TEST_P(OpsOn, L2NormGivesUnitLength) {
  auto x = values(45, 3);
  ops::l2_norm(in(x), 1e-12f, out_of(x), pool());
  EXPECT_NEAR(std::inner_product(x.begin(), x.end(), x.begin(), 0.0), 1, 1e-6);
}

TEST_P(OpsOn, RowsDoNotDependOnTheirCompany) {
  const std::size_t n = 1000;
  const auto x = values(70 * n, 3);
  Pool alone(1, GetParam());
  auto all = x;
  auto one = std::vector<float>(x.begin() + 33 * n, x.begin() + 34 * n);
  ops::softmax(Tensor(all.data(), {70, n}), pool());
  ops::softmax(Tensor(one.data(), {1, n}), alone);
  EXPECT_EQ(one, std::vector<float>(all.begin() + 33 * n, all.begin() + 34 * n));
}

INSTANTIATE_TEST_SUITE_P(Isas, OpsOn, ::testing::ValuesIn(kAllIsas),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(Ops, SumsProductsAndBias) {
  Pool pool(1);
  std::vector<float> a = {1, 2, 3, 4};
  const std::vector<float> b = {10, 20, 30, 40};
  ops::add(in(a), in(b), out_of(a), pool);
  EXPECT_EQ(a, (std::vector<float>{11, 22, 33, 44}));
  ops::add_bias(Tensor(a.data(), {2, 2}), ConstTensor(b.data(), {2}), pool);
  EXPECT_EQ(a, (std::vector<float>{21, 42, 43, 64}));
  ops::scale(out_of(a), 2, pool);
  ops::add_scaled(in(b), -1, out_of(a), pool);
  EXPECT_EQ(a, (std::vector<float>{32, 64, 56, 88}));
  ops::multiply(in(a), in(b), out_of(a), pool);
  EXPECT_EQ(a, (std::vector<float>{320, 1280, 1680, 3520}));
}

TEST(Rope, RotatesPairsByPositionTimesFrequency) {
  Pool pool(1);
  for (const auto pairing : {RopePairing::Adjacent, RopePairing::Halves}) {
    const Rope rope({.n_rotated = 4, .base = 100, .pairing = pairing});
    RopeAngles angles;
    angles.set(rope, std::vector<std::int32_t>{0, 7});
    std::vector<float> x(2 * 2 * 6, 1.0f);  // [2 tokens, 2 heads, 6]: the last two stay
    ops::rope(Tensor(x.data(), {2, 2, 6}), angles, pool);
    EXPECT_EQ(std::vector<float>(x.begin(), x.begin() + 12), std::vector<float>(12, 1.0f));
    const std::size_t second = pairing == RopePairing::Adjacent ? 1 : 2;  // partner of element 0
    for (const std::size_t head : {12u, 18u}) {
      EXPECT_NEAR(x[head], std::cos(7.0) - std::sin(7.0), 1e-6);
      EXPECT_NEAR(x[head + second], std::sin(7.0) + std::cos(7.0), 1e-6);
      EXPECT_NEAR(x[head + 3], std::sin(0.7) + std::cos(0.7), 1e-6);  // 7 * 100^(-2/4)
      EXPECT_EQ(x[head + 4], 1);
      EXPECT_EQ(x[head + 5], 1);
    }
  }
}

// The frequency of each pair: its angle at position 1.
std::vector<float> frequencies(const Rope& rope) {
  std::vector<float> angles(rope.n_rotated() / 2);
  rope.angles(1, angles);
  return angles;
}

TEST(Rope, ScalesFrequencies) {
  const std::vector<float> divisors = {1, 8};
  const auto divided =
      frequencies(Rope({.n_rotated = 4, .base = 100, .frequency_divisors = divisors}));
  EXPECT_FLOAT_EQ(divided[0], 1);
  EXPECT_FLOAT_EQ(divided[1], 0.1f / 8);
  const auto linear = frequencies(Rope({.n_rotated = 4, .base = 100, .frequency_scale = 0.25f}));
  EXPECT_FLOAT_EQ(linear[0], 0.25f);

  // YaRN keeps fast waves, scales slow ones, and multiplies by 1 + 0.1 ln(factor).
  const Rope yarn(
      {.n_rotated = 64, .frequency_scale = 0.25f, .extension_factor = 1, .original_context = 4096});
  EXPECT_FLOAT_EQ(frequencies(yarn)[0], 1);
  EXPECT_NEAR(frequencies(yarn)[31], 0.25 * std::pow(10'000, -62.0 / 64), 1e-8);
  EXPECT_NEAR(yarn.magnitude(), 1 + 0.1 * std::log(4.0), 1e-6);
}

}  // namespace
}  // namespace compute
