// The gradients against finite differences, on the exact kernels, and the AVX-512 ones against
// those.
#include "train/model/transformer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

#if defined(__x86_64__)
#include "train/kernels/avx512.h"
#endif

namespace train {
namespace {

Shape tiny_shape() {
  return {.vocab_size = 40,
          .d_model = 16,
          .n_layers = 2,
          .n_heads = 4,
          .n_kv_heads = 2,
          .d_head = 4,
          .d_ff = 24,
          .context = 64};
}

Batch some_documents(const Shape& shape, std::uint64_t seed) {
  base::SeededRandom random(seed);
  Batch batch;
  batch.lengths = {5, 1, 37};
  for (int t = 0; t < 43; ++t) {
    batch.tokens.push_back(static_cast<int>(random.below(std::uint64_t(shape.vocab_size))));
    batch.targets.push_back(static_cast<int>(random.below(std::uint64_t(shape.vocab_size))));
    batch.weights.push_back(t % 7 == 0 ? 0.0f : t % 3 == 0 ? 0.25f : 1.0f);
  }
  return batch;
}

std::vector<float> lively_weights(const Shape& shape, float factor = 5) {
  auto weights = initial_weights(shape, 3);
  for (float& weight : weights) weight *= factor;  // far from the flat start: every path counts
  return weights;
}

TEST(Transformer, GradientsEqualFiniteDifferences) {
  const Shape shape = tiny_shape();
  Transformer model(shape, portable_kernels());
  const Batch batch = some_documents(shape, 1);
  auto weights = lively_weights(shape);
  std::vector<float> gradients(weights.size());
  model.accumulate_gradients(weights, batch, 1.0f, gradients);

  for (const Weight& weight : model.layout().weights) {
    // Along the gradient of one weight alone the loss must rise by its squared length.
    double squares = 0;
    const auto at = static_cast<std::size_t>(weight.offset);
    const auto size = static_cast<std::size_t>(weight.size());
    for (std::size_t i = at; i < at + size; ++i) squares += double(gradients[i]) * gradients[i];
    const double step = 2e-3 / std::sqrt(squares);
    const auto loss_at = [&](double amount) {
      auto moved = weights;
      for (std::size_t i = at; i < at + size; ++i)
        moved[i] += static_cast<float>(amount * gradients[i]);
      return model.evaluate(moved, batch).sum;
    };
    const double measured = (loss_at(step) - loss_at(-step)) / (2 * step);
    // f32 sums of about 150 carry 1e-5; over a change of 4e-3 times the gradient that is below 2 %.
    EXPECT_NEAR(measured / squares, 1.0, 0.02) << weight.name;
  }
}

TEST(Transformer, DocumentsDoNotSeeEachOther) {
  const Shape shape = tiny_shape();
  Transformer model(shape, portable_kernels());
  const auto weights = lively_weights(shape);
  const Batch whole = some_documents(shape, 2);
  double apart = 0;
  int first = 0;
  for (const int length : whole.lengths) {
    Batch one;
    one.tokens.assign(whole.tokens.begin() + first, whole.tokens.begin() + first + length);
    one.targets.assign(whole.targets.begin() + first, whole.targets.begin() + first + length);
    one.weights.assign(whole.weights.begin() + first, whole.weights.begin() + first + length);
    one.lengths = {length};
    apart += model.evaluate(weights, one).sum;
    first += length;
  }
  EXPECT_NEAR(model.evaluate(weights, whole).sum, apart, 1e-3);
}

#if defined(__x86_64__)
TEST(Transformer, Avx512GradientsEqualPortableOnesWithinBf16) {
  if (!avx512_supported()) GTEST_SKIP() << "no AVX-512 bf16 on this machine";
  const Shape shape = tiny_shape();
  const Batch batch = some_documents(shape, 4);
  const auto weights = lively_weights(shape, 2);
  std::vector<float> exact(weights.size());
  std::vector<float> rounded(weights.size());
  Transformer(shape, portable_kernels()).accumulate_gradients(weights, batch, 1.0f, exact);
  Transformer(shape, avx512_kernels()).accumulate_gradients(weights, batch, 1.0f, rounded);
  double difference = 0;
  double length = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    difference += std::pow(exact[i] - rounded[i], 2);
    length += std::pow(exact[i], 2);
  }
  // bf16 keeps 8 bits: 0.4 % per factor, over about ten products in a row.
  EXPECT_LT(std::sqrt(difference / length), 0.04);
}
#endif

}  // namespace
}  // namespace train
