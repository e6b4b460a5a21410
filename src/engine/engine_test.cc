#include "engine/engine.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

// All that came back from one request.
struct Outcome {
  std::map<int, std::vector<TokenId>> tokens;  // by choice
  std::map<int, FinishReason> reasons;
  std::map<int, std::vector<Logprobs>> logprobs;
  PromptRead prompt;
  Usage usage;
  std::vector<std::vector<float>> vectors;
  std::optional<Error> error;
};

Outcome outcome_of(const RequestHandle& handle) {
  Outcome outcome;
  while (true) {
    auto event = handle.events->wait();
    if (auto* token = std::get_if<TokenGenerated>(&event)) {
      outcome.tokens[token->choice].push_back(token->token);
      if (token->logprobs) outcome.logprobs[token->choice].push_back(*token->logprobs);
    } else if (auto* finished = std::get_if<ChoiceFinished>(&event)) {
      outcome.reasons[finished->choice] = finished->reason;
    } else if (auto* prompt = std::get_if<PromptRead>(&event)) {
      outcome.prompt = *prompt;
    } else if (auto* embedded = std::get_if<Embedded>(&event)) {
      outcome.vectors = embedded->vectors;
    } else if (auto* end = std::get_if<Finished>(&event)) {
      return outcome.usage = end->usage, outcome;
    } else {
      return outcome.error = std::get<Failed>(event).error, outcome;
    }
  }
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { testing::write_tiny_model(folder_.path("model.gguf"), 1); }

  EngineOptions options() const {
    return {.model_path = folder_.path("model.gguf"),
            .threads = 1,
            .memory_bytes_max = 64 << 20,
            .sequences_max = 20};
  }
  static GenerateRequest request(int length, std::uint64_t seed, int tokens_max = 24) {
    GenerateRequest request;
    for (int i = 0; i < length; ++i) {
      request.prompt.push_back(static_cast<TokenId>((i * 7 + static_cast<int>(seed) * 13) % 96));
    }
    request.sampling.seed = seed;
    request.tokens_max = tokens_max;
    return request;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(EngineTest, GeneratesAsManyTokensAsAskedAndCountsThem) {
  const auto engine = Engine::load(options()).value();
  const auto outcome = outcome_of(engine->submit(request(10, 1)).value());
  EXPECT_EQ(outcome.tokens.at(0).size(), 24u);
  EXPECT_EQ(outcome.reasons.at(0), FinishReason::Length);
  EXPECT_EQ(outcome.usage.prompt_tokens, 10);
  EXPECT_EQ(outcome.usage.cached_tokens, 0);
  EXPECT_EQ(outcome.usage.generated_tokens, 24);
}

TEST_F(EngineTest, GivesTheSameTokensAloneAndAmongOthersOnOneAndTwoThreads) {
  auto alone_options = options();
  alone_options.speculation = Speculation::Off;
  const auto alone =
      outcome_of(Engine::load(alone_options).value()->submit(request(150, 5, 60)).value());
  for (const std::size_t threads : {1, 2}) {
    auto crowd_options = options();
    crowd_options.threads = threads;
    crowd_options.rows_per_step_max = 96;  // prompts are cut
    const auto engine = Engine::load(crowd_options).value();
    std::vector<RequestHandle> others;
    for (int i = 0; i < 8; ++i)
      others.push_back(engine->submit(request(20 + i * 9, 40 + i)).value());
    const auto handle = engine->submit(request(150, 5, 60)).value();
    for (int i = 0; i < 8; ++i) others.push_back(engine->submit(request(90 - i, 60 + i)).value());
    EXPECT_EQ(outcome_of(handle).tokens, alone.tokens) << threads << " threads";
    for (const auto& other : others) EXPECT_FALSE(outcome_of(other).error);
  }
}

// Steps of batch work are given up for whoever comes, wherever they have come.
TEST_F(EngineTest, BatchWorkThatIsInterruptedSaysTheSame) {
  const auto batch = [](int i) {
    auto one = request(150 - i * 9, static_cast<std::uint64_t>(i), 60);
    one.priority = Priority::Batch;
    return one;
  };
  std::vector<Outcome> alone;
  for (int i = 0; i < 8; ++i)
    alone.push_back(outcome_of(Engine::load(options()).value()->submit(batch(i)).value()));
  const auto engine = Engine::load(options()).value();
  std::vector<RequestHandle> handles;
  for (int i = 0; i < 8; ++i) handles.push_back(engine->submit(batch(i)).value());
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(
        outcome_of(engine->submit(request(12, 70 + static_cast<std::uint64_t>(i), 2)).value())
            .error);
    std::this_thread::yield();
  }
  for (std::size_t i = 0; i < handles.size(); ++i)
    EXPECT_EQ(outcome_of(handles[i]).tokens, alone[i].tokens) << i;
}

TEST_F(EngineTest, ReadsACachedPromptOnceAndSaysTheSame) {
  const auto engine = Engine::load(options()).value();
  const auto first = outcome_of(engine->submit(request(150, 3)).value());
  const auto second = outcome_of(engine->submit(request(150, 3)).value());
  EXPECT_GE(second.usage.cached_tokens, 128);
  EXPECT_EQ(first.tokens, second.tokens);
  auto stranger = request(150, 3);
  stranger.salt = "somebody else";
  EXPECT_EQ(outcome_of(engine->submit(stranger).value()).usage.cached_tokens, 0);
}

TEST_F(EngineTest, DrawsSeveralChoicesFromOneReadingOfThePrompt) {
  const auto engine = Engine::load(options()).value();
  auto several = request(70, 9);
  several.choices = 4;
  const auto outcome = outcome_of(engine->submit(several).value());
  ASSERT_EQ(outcome.tokens.size(), 4u);
  EXPECT_NE(outcome.tokens.at(0), outcome.tokens.at(1));
  EXPECT_EQ(outcome.usage.generated_tokens, 4 * 24);
  EXPECT_EQ(engine->stats().prompt_tokens, 70u);
  EXPECT_EQ(outcome_of(engine->submit(request(70, 9)).value()).tokens.at(0), outcome.tokens.at(0));
}

TEST_F(EngineTest, ReportsLogprobsOfTokensAndPrompt) {
  const auto engine = Engine::load(options()).value();
  auto asked = request(40, 4, 8);
  asked.top_logprobs = 3;
  asked.prompt_logprobs = true;
  const auto outcome = outcome_of(engine->submit(asked).value());
  ASSERT_EQ(outcome.prompt.logprobs.size(), 40u);
  EXPECT_FALSE(outcome.prompt.logprobs[0]);
  EXPECT_EQ(outcome.prompt.logprobs[1]->top.size(), 3u);
  ASSERT_EQ(outcome.logprobs.at(0).size(), 8u);

  // The same sequence as one prompt: its generated part has the same log probabilities.
  auto again = request(40, 4, 1);
  const auto& tokens = outcome.tokens.at(0);
  again.prompt.insert(again.prompt.end(), tokens.begin(), tokens.end());
  again.top_logprobs = 3;
  again.prompt_logprobs = true;
  const auto read = outcome_of(engine->submit(again).value());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(read.prompt.logprobs[40 + i]->chosen, outcome.logprobs.at(0)[i].chosen);
  }
}

TEST_F(EngineTest, EndsAtAStopTokenWithoutTellingIt) {
  const auto engine = Engine::load(options()).value();
  const auto free = outcome_of(engine->submit(request(10, 6)).value());
  auto stopped = request(10, 6);
  stopped.stop_tokens = {free.tokens.at(0)[5]};
  const auto outcome = outcome_of(engine->submit(stopped).value());
  EXPECT_EQ(outcome.reasons.at(0), FinishReason::Stop);
  EXPECT_LE(outcome.tokens.at(0).size(), 5u);
}

// Lets through only tokens of one parity, forces two of them after the first, ends after eight.
class Parity final : public TokenConstraint {
 public:
  TokenMask mask() override { return mask_; }
  bool accept(TokenId token) override {
    ++count_;
    return token % 2 == 0;
  }
  std::span<const TokenId> forced() override {
    static constexpr TokenId kForced[] = {2, 4};
    return count_ == 1 ? std::span(kForced) : std::span<const TokenId>();
  }
  bool finished() const override { return count_ >= 8; }

 private:
  std::vector<std::uint64_t> mask_{0x5555555555555555, 0x5555555555555555};
  int count_ = 0;
};

TEST_F(EngineTest, FollowsAConstraint) {
  const auto engine = Engine::load(options()).value();
  for (const bool with_logprobs : {false, true}) {
    auto constrained = request(10, 8);
    constrained.make_constraint = [](int) { return std::make_unique<Parity>(); };
    if (with_logprobs) constrained.top_logprobs = 0;
    const auto outcome = outcome_of(engine->submit(constrained).value());
    const auto& tokens = outcome.tokens.at(0);
    ASSERT_EQ(tokens.size(), 8u);
    for (const TokenId token : tokens) EXPECT_EQ(token % 2, 0);
    if (!with_logprobs) {
      EXPECT_EQ(std::vector(tokens.begin() + 1, tokens.begin() + 3), (std::vector<TokenId>{2, 4}));
    }
    EXPECT_EQ(outcome.reasons.at(0), FinishReason::Stop);
  }
}

TEST_F(EngineTest, CancelsWithinAStepAndGivesEverythingBack) {
  const auto engine = Engine::load(options()).value();
  const auto handle = engine->submit(request(20, 1, 480)).value();
  handle.events->wait();
  engine->cancel(handle.id);
  const auto outcome = outcome_of(handle);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::Cancelled);
  EXPECT_FALSE(outcome_of(engine->submit(request(10, 1, 3)).value()).error);
}

TEST_F(EngineTest, CutsOffAReaderThatIsTooSlow) {
  auto small = options();
  small.channel_events_max = 8;
  const auto engine = Engine::load(small).value();
  const auto handle = engine->submit(request(10, 1, 100)).value();
  while (engine->stats().running + engine->stats().waiting > 0 || engine->stats().steps < 5) {
    std::this_thread::yield();
  }
  const auto outcome = outcome_of(handle);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::Overloaded);
  EXPECT_LE(outcome.tokens.at(0).size(), 8u);
}

TEST_F(EngineTest, FailsWhatIsRunningWhenItGoes) {
  RequestHandle handle;
  {
    const auto engine = Engine::load(options()).value();
    handle = engine->submit(request(10, 1, 400)).value();
  }
  const auto outcome = outcome_of(handle);
  EXPECT_TRUE(outcome.error || outcome.usage.generated_tokens == 400);
}

TEST_F(EngineTest, RefusesWhatItCannotDo) {
  const auto engine = Engine::load(options()).value();
  EXPECT_TRUE(engine->submit(request(511, 1)));
  EXPECT_EQ(engine->submit(request(512, 1)).error().reason, "context_length_exceeded");
  EXPECT_EQ(engine->submit(request(0, 1)).error().param, "prompt");
  auto outside = request(4, 1);
  outside.prompt[2] = 96;
  EXPECT_EQ(engine->submit(outside).error().code, ErrorCode::InvalidRequest);
  auto adapted = request(4, 1);
  adapted.adapter = "nobody";
  EXPECT_EQ(engine->submit(adapted).error().code, ErrorCode::NotFound);
  EXPECT_EQ(engine->submit(EmbedRequest{.tokens = {1, 2}, .pooling = Pooling::Rank}).error().code,
            ErrorCode::Unsupported);
}

TEST_F(EngineTest, EmbedsTexts) {
  const auto engine = Engine::load(options()).value();
  const auto tokens = request(300, 2).prompt;
  const auto each =
      outcome_of(engine->submit(EmbedRequest{.tokens = tokens, .pooling = Pooling::None}).value());
  const auto mean = outcome_of(engine->submit(EmbedRequest{.tokens = tokens}).value());
  ASSERT_EQ(each.vectors.size(), 300u);
  ASSERT_EQ(mean.vectors.size(), 1u);
  double sum = 0;
  for (const auto& vector : each.vectors) sum += vector[0];
  EXPECT_NEAR(mean.vectors[0][0], sum / 300, 1e-4);
  EXPECT_EQ(mean.usage.prompt_tokens, 300);
}

TEST_F(EngineTest, RunsSeveralAdaptersInOneBatch) {
  testing::write_tiny_adapter(folder_.path("a.gguf"), 11);
  testing::write_tiny_adapter(folder_.path("b.gguf"), 12);
  auto adapted = options();
  adapted.adapters = {{"a", folder_.path("a.gguf")}, {"b", folder_.path("b.gguf")}};
  const auto engine = Engine::load(adapted).value();
  std::map<std::string, std::vector<TokenId>> alone;
  for (const char* name : {"", "a", "b"}) {
    auto asked = request(30, 5);
    asked.adapter = name;
    alone[name] = outcome_of(engine->submit(asked).value()).tokens.at(0);
  }
  EXPECT_NE(alone[""], alone["a"]);
  EXPECT_NE(alone["a"], alone["b"]);
  std::vector<std::pair<std::string, RequestHandle>> handles;
  for (const char* name : {"b", "", "a"}) {
    auto asked = request(30, 5);
    asked.adapter = name;
    handles.emplace_back(name, engine->submit(asked).value());
  }
  for (const auto& [name, handle] : handles) {
    EXPECT_EQ(outcome_of(handle).tokens.at(0), alone[name]) << name;
  }
}

TEST_F(EngineTest, AnAdapterDoesWhatMergingItIntoTheWeightsDoes) {
  testing::write_tiny_adapter(folder_.path("a.gguf"), 11);
  testing::write_merged_tiny_model(folder_.path("merged.gguf"), 1, 11);
  auto asked = request(60, 5, 1);
  asked.top_logprobs = 0;
  asked.prompt_logprobs = true;
  auto merged = options();
  merged.model_path = folder_.path("merged.gguf");
  const auto expected = outcome_of(Engine::load(merged).value()->submit(asked).value());
  const auto engine = Engine::load(options()).value();
  ASSERT_TRUE(engine->add_adapter({"a", folder_.path("a.gguf")}));
  const auto plain = outcome_of(engine->submit(asked).value());
  asked.adapter = "a";
  const auto adapted = outcome_of(engine->submit(asked).value());
  double largest = 0, change = 0;
  for (std::size_t i = 1; i < 60; ++i) {
    const float exact = expected.prompt.logprobs[i]->chosen;
    largest = std::max<double>(largest, std::abs(adapted.prompt.logprobs[i]->chosen - exact));
    change = std::max<double>(change, std::abs(plain.prompt.logprobs[i]->chosen - exact));
  }
  // Keys and values are rounded to f16, a relative 2^-11, from sums taken in another order.
  EXPECT_LT(largest, 0.02);
  EXPECT_GT(change, 0.2);
}

TEST_F(EngineTest, AddsAdaptersWhileItRunsAndCachesForEachAlone) {
  testing::write_tiny_adapter(folder_.path("a.gguf"), 11);
  const auto engine = Engine::load(options()).value();
  const auto running = engine->submit(request(10, 1, 300)).value();
  ASSERT_TRUE(engine->add_adapter({"a", folder_.path("a.gguf")}));
  EXPECT_TRUE(engine->add_adapter({"a", "already there: not looked at"}));
  EXPECT_EQ(outcome_of(running).tokens.at(0).size(), 300u);
  auto asked = request(150, 3);
  EXPECT_EQ(outcome_of(engine->submit(asked).value()).usage.cached_tokens, 0);
  asked.adapter = "a";
  EXPECT_EQ(outcome_of(engine->submit(asked).value()).usage.cached_tokens, 0);
  EXPECT_GE(outcome_of(engine->submit(asked).value()).usage.cached_tokens, 128);
}

TEST_F(EngineTest, RefusesAdaptersThatDoNotFit) {
  const auto engine = Engine::load(options()).value();
  EXPECT_FALSE(engine->add_adapter({"none", folder_.path("none.gguf")}));
  EXPECT_EQ(engine->add_adapter({"model", options().model_path}).error().code,
            ErrorCode::InvalidRequest);
  testing::write_tiny_adapter(folder_.path("wide.gguf"), 11, {.d_model = 64});
  EXPECT_EQ(engine->add_adapter({"wide", folder_.path("wide.gguf")}).error().code,
            ErrorCode::CorruptData);
  auto asked = request(10, 1);
  asked.adapter = "wide";
  EXPECT_EQ(engine->submit(asked).error().code, ErrorCode::NotFound);
}

TEST_F(EngineTest, ShortensTheContextToTheMemoryOrRefusesWithTheNumbers) {
  auto roomy = options();
  EXPECT_EQ(Engine::plan_memory(roomy)->context_tokens, 512);
  roomy.memory_bytes_max = 1 << 18;
  const auto refused = Engine::plan_memory(roomy);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ResourceExhausted);
  EXPECT_NE(refused.error().message.find("GiB"), std::string::npos);
}

TEST_F(EngineTest, KeepsGoingWithEightBitsOfCache) {
  auto small = options();
  small.kv_type = KvType::Q8;
  const auto engine = Engine::load(small).value();
  EXPECT_EQ(outcome_of(engine->submit(request(100, 3)).value()).tokens.at(0).size(), 24u);
}

}  // namespace
}  // namespace engine
