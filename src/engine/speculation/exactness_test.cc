// Guessing ahead changes nothing: the same tokens, the same log probabilities, the same end, with
// every guess verified, in company, with grammars, greedy and drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "engine/engine.h"
#include "engine/testing/said.h"
#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

using testing::collect;
using testing::kVocabulary;
using testing::Said;

class Exactness : public ::testing::Test {
 protected:
  Exactness() {
    testing::write_tiny_model(folder_.path("model.gguf"), 7, {.n_vocab = kVocabulary});
  }
  std::unique_ptr<Engine> load(Speculation speculation) const {
    return Engine::load({.model_path = folder_.path("model.gguf"),
                         .threads = 1,
                         .sequences_max = 16,
                         .speculation = speculation})
        .value();
  }
  // A prompt that repeats itself, and so does the tiny model after it, more or less.
  static GenerateRequest request(int seed, float temperature) {
    GenerateRequest request;
    for (int i = 0; i < 40; ++i) {
      request.prompt.push_back(static_cast<TokenId>((i % (3 + seed)) * 5 + seed));
    }
    request.sampling.seed = static_cast<std::uint64_t>(seed);
    request.sampling.temperature = temperature;
    request.tokens_max = 90;
    return request;
  }

  // Every request alone without guesses, then all of them together with every guess verified.
  void expect_the_same(const std::vector<GenerateRequest>& requests) const {
    const auto plain = load(Speculation::Off), eager = load(Speculation::Always);
    std::vector<Said> expected;
    for (const auto& request : requests) expected.push_back(collect(*plain->submit(request)));
    EXPECT_EQ(plain->stats().drafted_tokens, 0u);
    std::vector<RequestHandle> handles;
    for (const auto& request : requests) handles.push_back(eager->submit(request).value());
    for (std::size_t i = 0; i < handles.size(); ++i) {
      EXPECT_EQ(collect(handles[i]), expected[i]) << "request " << i;
    }
    EXPECT_GT(eager->stats().accepted_drafts, 0u);
    EXPECT_GT(eager->stats().drafted_tokens, eager->stats().accepted_drafts);
    EXPECT_LT(eager->stats().steps, plain->stats().steps);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Exactness, GreedyAndDrawnInTheBatchOfSeveralStreams) {
  std::vector<GenerateRequest> requests;
  for (const float temperature : {0.0f, 0.3f, 1.0f}) {
    for (int seed = 1; seed <= 4; ++seed) requests.push_back(request(seed, temperature));
  }
  expect_the_same(requests);
}

TEST_F(Exactness, WithPenaltiesLogprobsStopTokensAndWrongPredictions) {
  std::vector<GenerateRequest> requests;
  for (int seed = 1; seed <= 4; ++seed) requests.push_back(request(seed, 0.2f));
  requests[0].sampling.frequency_penalty = 0.3f;
  requests[0].sampling.repetition_penalty = 1.1f;
  requests[1].top_logprobs = 2;
  requests[2].prediction = {5, 6, 7, 8, 9, 10, 11, 12};
  requests[3].stop_tokens = {3};
  expect_the_same(requests);
}

// Even tokens only. After every token that divides by six, "2 4" must follow: written by the
// grammar, not drawn. Ends after forty.
class Forcing final : public TokenConstraint {
 public:
  TokenMask mask() override { return mask_; }
  bool accept(TokenId token) override {
    left_ = left_.empty() ? left_ : left_.subspan(1);
    if (left_.empty() && token % 6 == 0) left_ = kForced;
    ++count_;
    return token % 2 == 0;
  }
  std::span<const TokenId> forced() override { return left_; }
  bool finished() const override { return count_ >= 40; }

 private:
  static constexpr TokenId kForced[] = {2, 4};
  std::vector<std::uint64_t> mask_{0x5555555555555555, 0x5555555555555555};
  std::span<const TokenId> left_;
  int count_ = 0;
};

TEST_F(Exactness, WithAGrammarThatWritesTokensItself) {
  std::vector<GenerateRequest> requests;
  for (int seed = 1; seed <= 6; ++seed) {
    requests.push_back(request(seed, seed % 2 == 0 ? 0.0f : 0.5f));
    requests.back().make_constraint = [](int) { return std::make_unique<Forcing>(); };
  }
  expect_the_same(requests);
}

// Tokens that a request says it expects, the last of which is the answer's token number `last`.
std::vector<TokenId> prediction(std::size_t size, const std::vector<TokenId>& answer, int last) {
  TokenId other = 0;
  while (std::ranges::find(answer, other) != answer.end()) ++other;
  std::vector<TokenId> tokens(size, other);
  std::copy(answer.begin(), answer.begin() + last + 1, tokens.end() - last - 1);
  return tokens;
}

TEST_F(Exactness, APredictionIsReadUpToTheLengthOfAContext) {
  const auto engine = load(Speculation::Always);
  const auto context = static_cast<std::size_t>(engine->model().context_tokens);
  auto asked = request(2, 1.0f);
  asked.tokens_max = 30;
  const auto answer = collect(*engine->submit(asked)).tokens;
  const auto predicted = [&](std::vector<TokenId> prediction) {
    asked.prediction = std::move(prediction);
    const auto said = collect(*engine->submit(asked));
    EXPECT_EQ(said.tokens, answer);
    return said.predicted;
  };
  // The first two tokens find the place.
  EXPECT_EQ(predicted(prediction(context, answer, 8)), 7);
  EXPECT_EQ(predicted(prediction(context + 1, answer, 8)), 6) << "its last token is cut off";
  EXPECT_EQ(predicted(prediction(context + 8, answer, 8)), 0);
}

TEST_F(Exactness, HowMuchOfAPredictionHeldDoesNotDependOnWhatWasVerified) {
  auto asked = request(2, 1.0f);
  asked.tokens_max = 10;
  asked.prediction = collect(*load(Speculation::Off)->submit(asked)).tokens;
  auto half = asked;
  half.prediction[5] = (half.prediction[5] + 1) % kVocabulary;
  int held = 0;
  for (const auto speculation : {Speculation::Off, Speculation::Always}) {
    const auto engine = load(speculation);
    EXPECT_EQ(collect(*engine->submit(asked)).predicted, 10) << "all of it, in one step or in ten";
    const int now = collect(*engine->submit(half)).predicted;
    EXPECT_GE(now, 5);
    EXPECT_LT(now, 10);
    EXPECT_EQ(std::exchange(held, now), speculation == Speculation::Off ? 0 : now);
  }
}

}  // namespace
}  // namespace engine
