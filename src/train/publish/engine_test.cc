// The serving engine must read from the exported file what was trained: the same tokens, and the
// same logits but for the rounding of the weights.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/random.h"
#include "compute/gguf/file.h"
#include "engine/golden/model_runner.h"
#include "engine/tokenizer/tokenizer.h"
#include "train/model/transformer.h"
#include "train/publish/gguf_export.h"
#include "train/text/bpe_trainer.h"

namespace train {
namespace {

struct Exported {
  Checkpoint checkpoint;
  Vocabulary vocabulary;
  std::filesystem::path path;
};

Exported export_random_model() {
  Exported made;
  made.checkpoint.shape = {.vocab_size = 320,
                           .d_model = 64,
                           .n_layers = 2,
                           .n_heads = 4,
                           .n_kv_heads = 2,
                           .d_head = 16,
                           .d_ff = 96,
                           .context = 128};
  made.checkpoint.weights = initial_weights(made.checkpoint.shape, 7);
  for (float& weight : made.checkpoint.weights) {
    if (weight != 1.0f) weight *= 4;  // lively enough that a wrong rotation would show
  }
  made.checkpoint.average = made.checkpoint.weights;
  BpeTrainer trainer;
  trainer.add("the cat sat on the mat and the cat's hat sat there too, they say", 3);
  made.vocabulary = trainer.learn(320);
  made.path = std::filesystem::path(testing::TempDir()) / "engine_test.gguf";
  EXPECT_TRUE(export_gguf(made.checkpoint, made.vocabulary, {}, made.path));
  return made;
}

TEST(ExportedModel, TheEngineComputesTheSameLogits) {
  const Exported made = export_random_model();
  auto runner = engine::golden::ModelRunner::open(made.path.string(), 128);
  ASSERT_TRUE(runner) << runner.error().message;
  base::SeededRandom random(1);
  std::vector<int> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back(static_cast<int>(random.below(320)));
  const std::vector<engine::TokenId> ids(tokens.begin(), tokens.end());
  (*runner)->restart();
  const auto theirs = (*runner)->feed(ids).back();
  const auto ours = Transformer(made.checkpoint.shape, portable_kernels())
                        .next_logits(made.checkpoint.average, tokens);
  ASSERT_EQ(theirs.size(), ours.size());
  double difference = 0;
  double length = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    difference += std::pow(theirs[i] - ours[i], 2);
    length += std::pow(ours[i], 2);
  }
  // Q8_0 rounds weights by up to 1/254 of the block's largest, and the engine activations as much:
  // about 1 % in all. A wrong pairing of the rotation or a swapped matrix gives 100 %.
  EXPECT_LT(std::sqrt(difference / length), 0.04);
  std::filesystem::remove(made.path);
}

TEST(ExportedModel, TheEngineCutsTextTheSame) {
  Exported made = export_random_model();
  const auto file = gguf::File::open(made.path.string());
  ASSERT_TRUE(file);
  const auto tokenizer = engine::Tokenizer::load(*file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  for (const char* text : {"the cat's mat", "The  hat\n\nsat 1234 there!",
                           "caf\xC3\xA9 \xF0\x9F\x98\x80 they'll", "  two  spaces  ", ""}) {
    std::vector<int> ours;
    made.vocabulary.encode(text, ours);
    const auto theirs = (*tokenizer)->encode(text);
    EXPECT_EQ(std::vector<int>(theirs.begin(), theirs.end()), ours) << text;
    EXPECT_EQ((*tokenizer)->decode(theirs), text);
  }
  const auto chat = (*tokenizer)->encode("<|im_start|>the<|im_end|>", {.parse_special = true});
  EXPECT_EQ(chat.front(), kMessageStart);
  EXPECT_EQ(chat.back(), kMessageEnd);
  EXPECT_TRUE((*tokenizer)->ends_generation(kMessageEnd));
  EXPECT_TRUE((*tokenizer)->ends_generation(kEndOfText));
  std::filesystem::remove(made.path);
}

}  // namespace
}  // namespace train
