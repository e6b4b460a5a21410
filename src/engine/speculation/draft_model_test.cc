#include "engine/speculation/draft_model.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/speculation/choose_drafts.h"
#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

std::vector<TokenId> generate(Engine& engine, int length, float temperature, std::uint64_t seed) {
  GenerateRequest request;
  for (int i = 0; i < length; ++i) {
    request.prompt.push_back(
        static_cast<TokenId>((i * i * 7 + static_cast<int>(seed) + i / 5) % 96));
  }
  request.sampling = {.temperature = temperature, .seed = seed};
  request.tokens_max = 60;
  const auto handle = engine.submit(request).value();
  std::vector<TokenId> tokens;
  while (true) {
    const auto event = handle.events->wait();
    if (const auto* token = std::get_if<TokenGenerated>(&event)) tokens.push_back(token->token);
    if (const auto* failed = std::get_if<Failed>(&event)) ADD_FAILURE() << failed->error.message;
    if (is_last(event)) return tokens;
  }
}

class DraftModelTest : public ::testing::Test {
 protected:
  DraftModelTest() {
    testing::write_tiny_model(path("big.gguf"), 1);
    testing::write_tiny_model(path("other.gguf"), 2, {.d_model = 16, .n_layers = 1});
    testing::write_tiny_model(path("longer.gguf"), 2, {.n_vocab = 128});
  }
  std::string path(const std::string& name) const { return folder_.path(name); }
  Result<std::unique_ptr<Engine>> load(const std::string& draft) const {
    EngineOptions options{.model_path = path("big.gguf"), .threads = 1, .sequences_max = 8};
    options.speculation = draft.empty() ? Speculation::Off : Speculation::Always;
    if (!draft.empty()) options.draft_path = path(draft);
    return Engine::load(options);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(DraftModelTest, ChangesNothingWhetherItGuessesRightOrWrong) {
  const auto plain = load("").value();
  for (const char* draft : {"big.gguf", "other.gguf"}) {
    const auto engine = load(draft).value();
    for (const float temperature : {0.0f, 0.7f}) {
      for (const int length : {3, 70, 300}) {  // the last is read in pieces
        EXPECT_EQ(generate(*engine, length, temperature, 5),
                  generate(*plain, length, temperature, 5))
            << draft << ", " << temperature << ", " << length;
      }
    }
    EXPECT_GT(engine->stats().drafted_tokens, 0u);
  }
}

TEST_F(DraftModelTest, TheModelItselfGuessesRight) {
  const auto engine = load("big.gguf").value();
  generate(*engine, 30, 0, 5);
  const auto stats = engine->stats();
  EXPECT_GE(stats.accepted_drafts, 40u);
  EXPECT_LT(stats.steps, 25u);
}

TEST_F(DraftModelTest, RefusesOneOfAnotherVocabulary) {
  const auto refused = load("longer.gguf");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidRequest);
  EXPECT_NE(refused.error().message.find("128 tokens, not 96"), std::string::npos);
  EXPECT_FALSE(load("absent.gguf"));
}

TEST(ChooseModelDrafts, WeighsWhatTheGuessesCost) {
  StepCosts costs;
  for (int i = 0; i < 50; ++i) {
    for (int rows = 1; rows <= 16; ++rows) costs.observe(rows, 100 + rows);
  }
  EXPECT_EQ(choose_model_drafts(1, {0.9}, costs, 0, 15), 3) << "to measure it";
  EXPECT_GE(choose_model_drafts(1, {0.9}, costs, 5, 15), 6);
  EXPECT_EQ(choose_model_drafts(1, {0.9}, costs, 100, 15), 0);
  EXPECT_EQ(choose_model_drafts(1, {0.03}, costs, 5, 15), 0);
  EXPECT_EQ(choose_model_drafts(1, {}, costs, 5, 15), 0);
}

TEST(DraftTrust, FallsWithWrongGuessesAndComesBackAtRest) {
  DraftTrust trust;
  for (int i = 0; i < 40; ++i) trust.verified(4, 0);
  EXPECT_LT(trust.chance(), 0.1);
  for (int i = 0; i < 400; ++i) trust.rested();
  EXPECT_GT(trust.chance(), 0.4);
  for (int i = 0; i < 40; ++i) trust.verified(4, 4);
  EXPECT_GT(trust.chance(), 0.95);
}

}  // namespace
}  // namespace engine
