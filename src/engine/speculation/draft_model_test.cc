#include "engine/speculation/draft_model.h"

#include <gtest/gtest.h>

#include "base/golden_testing.h"
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

TEST_F(DraftModelTest, IsRefusedByAModelThatCannotTakeBackAGuess) {
  const auto golden = base::testing::golden_folder();
  if (!golden) GTEST_SKIP() << "no model with state here";
  const auto refused = Engine::plan_memory(
      {.model_path = *golden / "architectures" / "mamba.gguf", .draft_path = path("big.gguf")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidRequest);
  EXPECT_NE(refused.error().message.find("state"), std::string::npos) << refused.error().message;
}

TEST_F(DraftModelTest, ReadsTextsInPiecesAsLongAsStreamsMayWait) {
  std::vector<TokenId> text;
  for (int i = 0; i < 300; ++i) text.push_back((i * 7 + i / 5) % 96);
  // The first piece measures: 64 rows. Then as few as are worth it, 32, or as many as there are.
  for (const auto& [gap_goal, steps] :
       {std::pair(base::Duration(1), 8), std::pair(base::Duration(std::chrono::hours(1)), 2)}) {
    compute::Pool pool(1);
    const auto draft = DraftModel::load({.path = path("other.gguf"),
                                         .context_tokens = 512,
                                         .n_vocab = 96,
                                         .gap_goal = gap_goal},
                                        pool)
                           .value();
    const auto short_text = std::span(text).first(17), little_longer = std::span(text).first(18);
    const DraftModel::Stream streams[] = {
        {&text, text}, {&short_text, short_text}, {&little_longer, little_longer}};
    auto guesses = draft->guess(streams, 2);
    EXPECT_EQ(guesses[1].size(), 2u) << "short texts are not held up";
    EXPECT_TRUE(guesses[2].empty()) << "what is read in a step is shared";
    int waited = 0;
    for (; guesses[0].empty() && waited < 20; ++waited) guesses = draft->guess(streams, 2);
    EXPECT_EQ(waited, steps);
    draft->guess(streams, 2);
    EXPECT_EQ(draft->guess(streams, 2)[2].size(), 2u);
  }
}

TEST_F(DraftModelTest, AStreamWithoutRoomDoesNotSilenceTheOthers) {
  compute::Pool pool(1);
  const DraftOptions options{
      .path = path("other.gguf"), .context_tokens = 512, .streams_max = 5, .n_vocab = 96};
  const auto draft = DraftModel::load(options, pool).value();
  // 2 * (512 / 64 + 1) + 4 * 5 = 38 pages; the first four need 8 each, which leaves 6.
  std::vector<std::vector<TokenId>> texts(5, std::vector<TokenId>(7 * kPageTokens + 1, 3));
  texts[4].assign(6 * kPageTokens - 2, 3);
  std::vector<DraftModel::Stream> streams;
  for (const auto& text : texts) streams.push_back({&text, text});
  const auto guessed_for = [&] {
    std::vector<std::vector<TokenId>> guesses;
    for (int i = 0; i < 60; ++i) guesses = draft->guess(streams, 2);
    std::vector<std::size_t> sizes;
    for (const auto& tokens : guesses) sizes.push_back(tokens.size());
    return sizes;
  };
  EXPECT_EQ(guessed_for(), (std::vector<std::size_t>{2, 2, 2, 2, 2})) << "all pages are in use";
  texts[4].push_back(3);
  streams[4].tokens = texts[4];
  EXPECT_EQ(guessed_for(), (std::vector<std::size_t>{2, 2, 2, 2, 0})) << "one token beyond";
  // Who is not asked for makes room.
  streams.erase(streams.begin());
  EXPECT_EQ(guessed_for(), (std::vector<std::size_t>{2, 2, 2, 2}));
}

TEST_F(DraftModelTest, TheMemoryPlanCountsItAndDoesNotReserveWholeContextsForIt) {
  testing::write_tiny_model(path("long.gguf"), 1, {.n_layers = 4, .context = 131'072});
  testing::write_tiny_model(path("long_draft.gguf"), 2, {.n_layers = 8, .context = 131'072});
  EngineOptions options{.model_path = path("long.gguf"),
                        .memory_bytes_free = std::size_t{1} << 30,
                        .sequences_max = 1};
  const auto alone = Engine::plan_memory(options).value();
  EXPECT_EQ(alone.draft, 0u);
  options.draft_path = path("long_draft.gguf");
  // Twice the context of it, 512 bytes a token, fits only where memory is plentiful.
  const std::size_t whole = 2 * 131'072 * 512;
  const auto plentiful = Engine::plan_memory(options).value();
  EXPECT_EQ(plentiful.context_tokens, 131'072);
  EXPECT_GT(plentiful.draft, 0u);
  EXPECT_GT(plentiful.cache, alone.cache + whole);

  options.memory_bytes_free = alone.weights + alone.work + 131'072 * 256 + (32 << 20);
  const auto scarce = Engine::plan_memory(options);
  ASSERT_TRUE(scarce);
  EXPECT_EQ(scarce->context_tokens, 131'072);
  EXPECT_LT(scarce->cache, whole);
  EXPECT_GT(scarce->draft, 0u);
  EXPECT_LE(scarce->total(), scarce->available);
}

TEST(ChooseModelDrafts, MeasuresOnlyWithinTheRowsOfAStep) {
  StepCosts costs;
  costs.observe(1, 100);
  const std::vector<double> eight(8, 0.9);
  EXPECT_EQ(choose_model_drafts(StepCosts::kRowsMax - 24, eight, costs, 0, 15), 3);
  EXPECT_EQ(choose_model_drafts(StepCosts::kRowsMax - 23, eight, costs, 0, 15), 2);
  EXPECT_EQ(choose_model_drafts(StepCosts::kRowsMax - 7, eight, costs, 0, 15), 0);
  EXPECT_EQ(choose_model_drafts(StepCosts::kRowsMax + 9, eight, costs, 0, 15), 0);
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
