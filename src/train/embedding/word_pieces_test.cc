#include "train/embedding/word_pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace train::embedding {
namespace {

constexpr const char* kStart = "\xE2\x96\x81";

WordPieceTrainer trained_on(const std::string& text, int times) {
  WordPieceTrainer trainer;
  for (int i = 0; i < times; ++i) trainer.add(text);
  return trainer;
}

bool has(const std::vector<std::string>& tokens, const std::string& token) {
  return std::ranges::find(tokens, token) != tokens.end();
}

TEST(WordPieceTrainer, KeepsFrequentWordsWhole) {
  const auto tokens = trained_on("The river runs. Rivers run, the RIVER ran!", 300).learn(200);
  EXPECT_EQ(tokens[0], "[UNK]");
  EXPECT_EQ(tokens[1], "[PAD]");
  EXPECT_TRUE(has(tokens, std::string(kStart) + "river"));
  EXPECT_TRUE(has(tokens, std::string(kStart) + "the"));
  EXPECT_TRUE(has(tokens, std::string(kStart) + "."));
  EXPECT_FALSE(has(tokens, std::string(kStart) + "The"));
}

TEST(WordPieceTrainer, EveryLetterCanStartAWordAndGoOn) {
  const auto tokens = trained_on("abc", 300).learn(100);
  for (const std::string letter : {"a", "b", "c"}) {
    EXPECT_TRUE(has(tokens, letter)) << letter;
    EXPECT_TRUE(has(tokens, kStart + letter)) << letter;
  }
}

TEST(WordPieceTrainer, GivesNoTokenTwiceAndNoMoreThanAsked) {
  const auto trainer = trained_on("one two three four five six seven eight nine ten eleven", 300);
  for (const std::size_t size : {40u, 60u, 80u}) {
    const auto tokens = trainer.learn(size);
    EXPECT_LE(tokens.size(), size);
    EXPECT_EQ(std::set(tokens.begin(), tokens.end()).size(), tokens.size());
  }
}

}  // namespace
}  // namespace train::embedding
