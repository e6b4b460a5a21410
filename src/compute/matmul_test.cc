#include "compute/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "compute/kernels/isa.h"
#include "compute/matmul_bound.h"
#include "compute/random_weights_testing.h"

namespace compute {
namespace {

constexpr DType kWeightTypes[] = {
    DType::F32,     DType::F16,    DType::BF16,  DType::F64,     DType::Q1_0,  DType::Q2_0,
    DType::Q4_0,    DType::Q4_1,   DType::Q5_0,  DType::Q5_1,    DType::Q8_0,  DType::Q2_K,
    DType::Q3_K,    DType::Q4_K,   DType::Q5_K,  DType::Q6_K,    DType::IQ1_S, DType::IQ1_M,
    DType::IQ2_XXS, DType::IQ2_XS, DType::IQ2_S, DType::IQ3_XXS, DType::IQ3_S, DType::IQ4_NL,
    DType::IQ4_XS,  DType::TQ1_0,  DType::TQ2_0, DType::MXFP4,   DType::NVFP4};

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const auto isa : kAllIsas) {
    if (is_available(isa)) isas.push_back(isa);
  }
  return isas;
}

// A weight of odd shape with its bytes and a few rows of x.
struct Problem {
  std::size_t n_out;
  std::size_t n_in;
  std::vector<std::byte> bytes;
  std::vector<float> x;
  Weight weight;

  Problem(DType dtype, std::size_t n_out, std::size_t n_in, std::size_t n_rows, Pool& pool)
      : n_out(n_out), n_in(n_in) {
    base::SeededRandom random(n_out * 1000 + n_in);
    bytes = testing::random_blocks(dtype, n_out * n_in, random);
    x = testing::random_floats(n_rows * n_in, random);
    auto loaded = Weight::load({dtype, n_out, n_in, bytes}, pool);
    EXPECT_TRUE(loaded);
    weight = std::move(*loaded);
  }

  // Rows [first, first + count) of x times the weight.
  std::vector<float> product(std::size_t first, std::size_t count, Pool& pool) const {
    std::vector<float> out(count * n_out, -1.0f);
    ops::matmul(ConstTensor(x.data() + first * n_in, {count, n_in}), weight,
                Tensor(out.data(), {count, n_out}), pool);
    return out;
  }
};

class MatmulOf : public ::testing::TestWithParam<DType> {
 protected:
  // Plain types take any row length, blocks of 32 an odd number of blocks.
  std::size_t odd_columns() const {
    const std::size_t elements = block_elements(GetParam());
    return elements == 1 ? 83 : elements == 256 ? 512 : elements * 3;
  }
};

TEST_P(MatmulOf, IsWithinTheRoundingOfActivations) {
  for (const auto isa : available_isas()) {
    Pool pool(1, isa);
    const Problem problem(GetParam(), 37, odd_columns(), 5, pool);
    const auto out = problem.product(0, 5, pool);
    std::vector<float> row(problem.n_in);
    for (std::size_t n = 0; n < problem.n_out; ++n) {
      problem.weight.row(n, row);
      for (std::size_t t = 0; t < 5; ++t) {
        const float* x = problem.x.data() + t * problem.n_in;
        double exact = 0;
        for (std::size_t k = 0; k < problem.n_in; ++k) {
          exact += static_cast<double>(row[k]) * x[k];
        }
        const double tolerance =
            matmul_error_max(row, std::span(x, problem.n_in), rounding_beside(GetParam()));
        EXPECT_NEAR(out[t * problem.n_out + n], exact, tolerance)
            << name(isa) << " row " << t << " column " << n;
      }
    }
  }
}

TEST_P(MatmulOf, GivesARowTheSameBitsInAnyCompany) {
  for (const auto isa : available_isas()) {
    Pool alone(1, isa);
    Pool threads(3, isa);
    const std::size_t n_rows = 141;
    const Problem problem(GetParam(), 50, odd_columns(), n_rows, alone);
    const auto all = problem.product(0, n_rows, alone);
    EXPECT_EQ(all, problem.product(0, n_rows, threads)) << name(isa);
    for (const std::size_t count : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 33u, 70u}) {
      const std::size_t first = 2 * count % 71;
      const auto some = problem.product(first, count, threads);
      EXPECT_EQ(0, std::memcmp(some.data(), all.data() + first * problem.n_out, some.size() * 4))
          << name(isa) << " " << count << " rows";
    }
  }
}

TEST_P(MatmulOf, AgreesBetweenInstructionSets) {
  std::vector<std::vector<float>> results;
  for (const auto isa : available_isas()) {
    Pool pool(1, isa);
    results.push_back(Problem(GetParam(), 33, odd_columns(), 6, pool).product(0, 6, pool));
  }
  // Those with fused multiply-add do the same operations; the scalar one rounds each product too,
  // and nobody promises in which order an instruction adds two products.
  for (std::size_t i = 2; i < results.size(); ++i) {
    if (GetParam() != DType::BF16 || i < 3) {
      EXPECT_EQ(results[1], results[i]);
    }
  }
  for (std::size_t i = 0; i < results.back().size(); ++i) {
    EXPECT_NEAR(results.front()[i], results.back()[i], 512 * 4 * 0x1p-22);
  }
}

TEST_P(MatmulOf, AddsToWhatIsThere) {
  Pool pool(2);
  const Problem problem(GetParam(), 19, odd_columns(), 2, pool);
  const auto product = problem.product(0, 2, pool);
  std::vector<float> out(product.size(), 3.0f);
  ops::matmul_add(ConstTensor(problem.x.data(), {2, problem.n_in}), problem.weight,
                  Tensor(out.data(), {2, problem.n_out}), pool);
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], 3.0f + product[i]);
}

INSTANTIATE_TEST_SUITE_P(Types, MatmulOf, ::testing::ValuesIn(kWeightTypes),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(MatmulInput, IsSharedByMatricesAndRefreshedBySet) {
  Pool pool(1);
  const Problem q8(DType::Q8_0, 16, 64, 2, pool);
  const Problem f16(DType::F16, 16, 64, 2, pool);
  MatmulInput input(ConstTensor(q8.x.data(), {2, 64}));
  std::vector<float> first(32), second(32);
  ops::matmul(input, q8.weight, Tensor(first.data(), {2, 16}), pool);
  ops::matmul(input, f16.weight, Tensor(second.data(), {2, 16}), pool);
  EXPECT_EQ(first, q8.product(0, 2, pool));

  const std::vector<float> zeros(128, 0.0f);
  input.set(ConstTensor(zeros.data(), {2, 64}));
  ops::matmul(input, q8.weight, Tensor(first.data(), {2, 16}), pool);
  ops::matmul(input, f16.weight, Tensor(second.data(), {2, 16}), pool);
  EXPECT_EQ(first, std::vector<float>(32, 0.0f));
  EXPECT_EQ(second, std::vector<float>(32, 0.0f));
}

TEST(Weight, RefusesWhatDoesNotHoldTogether) {
  Pool pool(1);
  const std::vector<std::byte> bytes(18 * 4);
  EXPECT_TRUE(Weight::load({DType::Q4_0, 4, 32, bytes}, pool));
  EXPECT_FALSE(Weight::load({DType::Q4_0, 4, 33, bytes}, pool));
  EXPECT_FALSE(Weight::load({DType::Q4_0, 5, 32, bytes}, pool));
  EXPECT_FALSE(Weight::load({DType::Q4_0, 0, 32, {}}, pool));
  EXPECT_FALSE(Weight::load({DType::I32, 1, 18, bytes}, pool));
  EXPECT_FALSE(Weight::load({DType::Q4_0, SIZE_MAX / 16, 32, bytes}, pool));
  EXPECT_TRUE(ExpertWeights::load({DType::Q4_0, 2, 32, bytes}, 2, pool));
  EXPECT_FALSE(ExpertWeights::load({DType::Q4_0, 2, 32, bytes}, 3, pool));
}

}  // namespace
}  // namespace compute
