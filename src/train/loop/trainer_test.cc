#include "train/loop/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/random.h"

namespace train {
namespace {

const Shape kTiny{.vocab_size = 32,
                  .d_model = 32,
                  .n_layers = 1,
                  .n_heads = 2,
                  .n_kv_heads = 1,
                  .d_head = 16,
                  .d_ff = 32,
                  .context = 32};

Checkpoint fresh() {
  Checkpoint checkpoint;
  checkpoint.shape = kTiny;
  checkpoint.weights = initial_weights(kTiny, 1);
  checkpoint.average = checkpoint.weights;
  return checkpoint;
}

// Lines that count upwards from a random start: easy to learn, impossible to guess.
TokenSet counting_lines(int n, std::uint64_t seed) {
  base::SeededRandom random(seed);
  TokenSet set;
  for (int i = 0; i < n; ++i) {
    const auto start = static_cast<std::uint16_t>(random.below(32));
    std::vector<std::uint16_t> line;
    for (std::uint16_t k = 0; k < 12; ++k) line.push_back((start + k) % 32);
    set.add(line);
  }
  return set;
}

Plan tiny_plan() {
  Plan plan;
  plan.steps = 60;
  plan.warmup_steps = 5;
  plan.decay_steps = 20;
  plan.tokens_per_step = 128;
  plan.tokens_per_batch = 64;
  plan.average_keep = 0.8f;
  plan.save_every = 1'000;
  return plan;
}

Status train_on(const TokenSet& set, const Plan& plan, Checkpoint& checkpoint) {
  return run(
      plan, {{&set, 1.0}}, portable_kernels(), checkpoint, [](const Progress&) {},
      [](const Checkpoint&) { return Status{}; });
}

TEST(Trainer, LearnsToCount) {
  const TokenSet set = counting_lines(64, 1);
  Checkpoint checkpoint = fresh();
  ASSERT_TRUE(train_on(set, tiny_plan(), checkpoint));
  const TokenSet others = counting_lines(10, 2);
  // Guessing costs ln(32) = 3.47 per token.
  EXPECT_LT(held_out_loss(others, 10, 0.1f, checkpoint, portable_kernels()), 1.0);
}

TEST(Trainer, ThreadsAndInterruptionsChangeNothing) {
  const TokenSet set = counting_lines(64, 1);
  Plan plan = tiny_plan();
  plan.steps = 12;
  Checkpoint whole = fresh();
  ASSERT_TRUE(train_on(set, plan, whole));

  Plan half = plan;
  half.threads = 2;
  half.steps = 6;
  half.decay_steps = 0;
  Plan rest = plan;
  rest.threads = 2;
  rest.decay_steps = plan.decay_steps = 1;  // so that the first six steps have the same rates
  Checkpoint straight = fresh();
  ASSERT_TRUE(train_on(set, plan, straight));
  Checkpoint resumed = fresh();
  ASSERT_TRUE(train_on(set, half, resumed));
  const auto file = std::filesystem::path(testing::TempDir()) / "trainer_test.checkpoint";
  ASSERT_TRUE(resumed.save(file));
  auto loaded = Checkpoint::load(file);
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(train_on(set, rest, *loaded));
  EXPECT_EQ(loaded->weights, straight.weights);
  EXPECT_EQ(loaded->average, straight.average);
  std::filesystem::remove(file);
}

TEST(Trainer, RatesRiseStayAndFall) {
  const Plan plan = tiny_plan();
  EXPECT_FLOAT_EQ(rate_factor(plan, 0), 0.2);
  EXPECT_FLOAT_EQ(rate_factor(plan, 20), 1.0);
  EXPECT_FLOAT_EQ(rate_factor(plan, 50), 0.5);
  EXPECT_FLOAT_EQ(rate_factor(plan, 59), 0.05);
}

TEST(Checkpoint, RefusesAnotherFile) {
  const auto file = std::filesystem::path(testing::TempDir()) / "no.checkpoint";
  EXPECT_FALSE(Checkpoint::load(file));
  ASSERT_TRUE(Vocabulary(std::vector<Merge>{}).save(file));
  EXPECT_FALSE(Checkpoint::load(file));
  std::filesystem::remove(file);
}

TEST(Mixture, KeepsSharesAndDealsEveryDocument) {
  const TokenSet first = counting_lines(7, 1);
  const TokenSet second = counting_lines(5, 2);
  Mixture mixture({{&first, 0.75}, {&second, 0.25}}, 1);
  for (int i = 0; i < 10; ++i) {
    const auto batches = mixture.next(11 * 28, 100, 0.1f);
    for (const Batch& batch : batches) EXPECT_LE(batch.tokens.size(), 100u);
  }
  EXPECT_EQ(mixture.dealt()[0], 210u);
  EXPECT_EQ(mixture.dealt()[1], 70u);
}

TEST(Orthogonalize, BringsSingularValuesNearOne) {
  const auto& kernels = portable_kernels();
  for (const auto& [rows, cols] : {std::pair{8, 24}, std::pair{24, 8}}) {
    base::SeededRandom random(5);
    std::vector<float> matrix(std::size_t(rows * cols));
    for (float& value : matrix) value = static_cast<float>(random.unit() - 0.5);
    PackingSpace packing;
    orthogonalize(matrix, rows, cols, kernels, packing);
    // The squared length is the sum of the squared singular values, which end in [0.7, 1.2].
    double squares = 0;
    for (const float value : matrix) squares += double(value) * value;
    EXPECT_GT(squares, 8 * 0.7 * 0.7);
    EXPECT_LT(squares, 8 * 1.2 * 1.2);
  }
}

}  // namespace
}  // namespace train
