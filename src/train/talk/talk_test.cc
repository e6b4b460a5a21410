// What is generated must be right: a wrong sum in the data is a wrong sum in the model.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "train/data/token_file.h"
#include "train/talk/conversations.h"
#include "train/talk/tasks.h"

namespace train {
namespace {

Knowledge small_knowledge() {
  return {
      .small_talk = {{{"Hello"}, {"Hello! How can I help you?"}}},
      .facts = {{{"What color is snow?"}, {"Snow is white."}}},
      .advice = {{{"How do I make tea?"}, {"Boil some water."}}},
      .countries = {{"France", "Paris", "Europe", true}, {"Chad", "N'Djamena", "Africa", false}}};
}

TEST(Tasks, SumsAreRight) {
  Voice voice(1);
  const std::regex sum("(\\d+) ([-+x]) (\\d+) = (\\d+)\\.");
  int n_sums = 0;
  for (int i = 0; i < 3'000; ++i) {
    const Exchange task = make_task(voice);
    EXPECT_FALSE(task.ask.empty());
    EXPECT_FALSE(task.answer.empty());
    std::smatch match;
    if (!std::regex_search(task.answer, match, sum)) continue;
    ++n_sums;
    const int a = std::stoi(match[1]);
    const int b = std::stoi(match[3]);
    const int right = match[2] == "+" ? a + b : match[2] == "-" ? a - b : a * b;
    EXPECT_EQ(std::stoi(match[4]), right) << task.answer;
  }
  EXPECT_GT(n_sums, 500);
}

TEST(Conversations, TakeTurnsAndEndWithTheAssistant) {
  const Knowledge knowledge = small_knowledge();
  Voice voice(2);
  for (int i = 0; i < 2'000; ++i) {
    const Document document = make_conversation(knowledge, voice);
    std::size_t t = document.messages.at(0).role == "system" ? 1 : 0;
    EXPECT_EQ(document.messages.back().role, "assistant");
    for (int turn = 0; t < document.messages.size(); ++t, ++turn) {
      EXPECT_EQ(document.messages[t].role, turn % 2 == 0 ? "user" : "assistant");
      EXPECT_FALSE(document.messages[t].text.empty());
    }
  }
}

TEST(Conversations, AreTheSameForTheSameSeed) {
  const Knowledge knowledge = small_knowledge();
  Voice one(3);
  Voice two(3);
  for (int i = 0; i < 200; ++i) {
    const Document a = make_conversation(knowledge, one);
    const Document b = make_conversation(knowledge, two);
    ASSERT_EQ(a.messages.size(), b.messages.size());
    for (std::size_t m = 0; m < a.messages.size(); ++m)
      EXPECT_EQ(a.messages[m].text, b.messages[m].text);
  }
}

TEST(TalkFile, OursHoldTogether) {
  const char* source = std::getenv("PARLANCE_SOURCE");
  if (!source) GTEST_SKIP() << "PARLANCE_SOURCE is not set";
  for (const char* name : {"small_talk.txt", "facts.txt", "advice.txt"}) {
    const auto topics = read_talk_file(std::filesystem::path(source) / "models/talk" / name);
    ASSERT_TRUE(topics) << topics.error().message;
    EXPECT_GT(topics->size(), 50u);
  }
}

TEST(TalkFile, AnAnswerNeedsAQuestion) {
  const auto file = std::filesystem::path(testing::TempDir()) / "talk_test.txt";
  std::ofstream(file) << "A: Nobody asked.\n";
  EXPECT_FALSE(read_talk_file(file));
  std::ofstream(file) << "Q: Anybody there?\n";
  EXPECT_FALSE(read_talk_file(file));
  std::filesystem::remove(file);
}

TEST(TokenSet, ConversationsTakeTheFormOfTheTemplate) {
  Vocabulary vocabulary(std::vector<Merge>{});
  TokenSet set;
  Document document;
  document.messages = {{"user", "Hi"}, {"assistant", "Ho"}};
  add_document(document, vocabulary, set);
  std::string text;
  std::string learned;  // what counts fully
  for (const std::uint16_t word : set.document(0)) {
    text += vocabulary.bytes(word & ~kLightBit);
    if (!(word & kLightBit)) learned += vocabulary.bytes(word);
  }
  EXPECT_EQ(text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>\n");
  EXPECT_EQ(learned, "Ho<|im_end|>");
}

TEST(TokenSet, LongTextIsCut) {
  Vocabulary vocabulary(std::vector<Merge>{});
  TokenSet set;
  add_document({.text = std::string(kDocumentTokensMax + 99, 'x')}, vocabulary, set);
  ASSERT_EQ(set.lengths.size(), 2u);
  EXPECT_EQ(set.lengths[0], static_cast<std::uint32_t>(kDocumentTokensMax));
  EXPECT_EQ(set.lengths[1], 100u);
}

}  // namespace
}  // namespace train
