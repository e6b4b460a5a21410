// From tokens to a model that the engine reads: training brings pairs together, the file keeps it.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "compute/gguf/file.h"
#include "engine/engine.h"
#include "engine/tokenizer/tokenizer.h"
#include "train/embedding/evaluate.h"
#include "train/embedding/export.h"
#include "train/embedding/table.h"
#include "train/embedding/word_pieces.h"

namespace train::embedding {
namespace {

constexpr int kTokens = 64, kWidth = 32;

// Token 2i as the query of token 2i + 1.
std::vector<TrainingPair> batch_of_neighbours() {
  std::vector<TrainingPair> batch;
  for (std::uint16_t i = 0; i < kTokens; i += 2)
    batch.push_back({{i}, {static_cast<std::uint16_t>(i + 1)}, i, i});
  return batch;
}

Table small_table(const Kernels& kernels) {
  return Table({.n_tokens = kTokens, .width = kWidth, .prefixes = {32, 16}},
               std::vector<std::int64_t>(kTokens, 1), 1, kernels);
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return sum;
}

TEST(Table, LearnsWhatBelongsTogether) {
  for (const Kernels* kernels : {&portable_kernels(), &best_kernels()}) {
    Table table = small_table(*kernels);
    const auto batch = batch_of_neighbours();
    const double before = table.step(batch, 0.02f);
    double after = 0;
    for (int i = 0; i < 60; ++i) after = table.step(batch, 0.02f);
    EXPECT_LT(after, before / 4) << kernels->name;
    EXPECT_GT(cosine(table.embed({4}), table.embed({5})), 0.5);
    EXPECT_LT(cosine(table.embed({4}), table.embed({7})), 0.3);
  }
}

TEST(Table, StepsTheWayTheLossFalls) {
  // Along its own gradient the loss must fall, or the derivative of one of the parts is wrong.
  Table table = small_table(portable_kernels());
  const auto batch = batch_of_neighbours();
  double last = table.step(batch, 0.001f);
  for (int i = 0; i < 10; ++i) {
    const double loss = table.step(batch, 0.001f);
    EXPECT_LT(loss, last);
    last = loss;
  }
}

TEST(Table, PairsOfOneKeyAreNotToldApart) {
  Table table = small_table(portable_kernels());
  std::vector<TrainingPair> same(8, TrainingPair{{2}, {3}, 1, 1});
  EXPECT_NEAR(table.step(same, 0.001f), 0, 1e-5);
}

TEST(Spearman, RanksAndSharesTies) {
  EXPECT_NEAR(spearman({1, 2, 3}, {10, 200, 3000}), 1, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3}, {3, 2, 1}), -1, 1e-12);
  EXPECT_NEAR(spearman({1, 1, 2, 2}, {5, 5, 7, 7}), 1, 1e-12);
}

TEST(Articles, AreCutIntoParagraphsOfSentences) {
  const std::string sentence = "The river rises in the hills and runs to the sea. ";
  std::string text = "<|doc|>Rivers\n\n" + sentence + sentence + "\n\nCourse.\n\n";
  for (int i = 0; i < 12; ++i) text += sentence;
  const auto articles = split_articles(text + "\n<|doc|>Empty\n");
  ASSERT_EQ(articles.size(), 1u);
  EXPECT_EQ(articles[0].title, "Rivers");
  ASSERT_EQ(articles[0].paragraphs.size(), 2u);
  EXPECT_EQ(articles[0].paragraphs[0].sentences.size(), 2u);
  EXPECT_EQ(articles[0].paragraphs[1].heading, "Course");
}

TEST(HeldOut, KnowsItsTitlesAndItsText) {
  EXPECT_TRUE(HeldOut::has_title("Super Bowl 50"));
  EXPECT_TRUE(HeldOut::has_title("Normans"));
  EXPECT_FALSE(HeldOut::has_title("Norman"));
}

// The engine reads the file as the trainer meant it.
TEST(ExportedEmbedding, IsTheSameInTheEngine) {
  WordPieceTrainer words;
  for (int i = 0; i < 300; ++i) words.add("a small river runs to the great sea and a boat sails");
  const auto tokens = words.learn(kTokens);
  Table table = small_table(portable_kernels());
  const auto path = std::filesystem::path(testing::TempDir()) / "embedding_test.gguf";
  const auto weights = table.weights().first(tokens.size() * kWidth);
  ASSERT_TRUE(export_static({.tokens = tokens, .width = kWidth, .weights = weights}, path));

  const auto file = gguf::File::open(path.string());
  ASSERT_TRUE(file);
  const auto tokenizer = engine::Tokenizer::load(*file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const std::string text = "A boat on the River";
  const auto ids = (*tokenizer)->encode(text, {.add_special = true});
  ASSERT_GT(ids.size(), 3u);
  auto engine = engine::Engine::load({.model_path = path.string(), .threads = 1});
  ASSERT_TRUE(engine) << engine.error().message;
  const auto handle = (*engine)->submit(engine::EmbedRequest{.tokens = ids});
  ASSERT_TRUE(handle);
  std::vector<float> theirs;
  while (theirs.empty()) {
    auto event = handle->events->wait();
    if (auto* embedded = std::get_if<engine::Embedded>(&event)) theirs = embedded->vectors.at(0);
    ASSERT_FALSE(std::holds_alternative<engine::Failed>(event));
  }
  const auto ours = table.embed(to_tokens(text, **tokenizer));
  // Q8_0 rounds by at most 1/254 of a block's largest, some 1 % of the length in all.
  EXPECT_GT(cosine(ours, theirs) / std::sqrt(cosine(theirs, theirs)), 0.999);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace train::embedding
