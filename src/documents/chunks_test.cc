#include "documents/chunks.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace documents {
namespace {

std::string prose(int sentences) {
  std::string out;
  for (int i = 0; i < sentences; ++i)
    out += fmt::format("This is sentence number {} of the whole text. ", i);
  return out;
}

TEST(Chunks, AreWithinTheLimitAndCoverEverything) {
  const Document document{{{.text = prose(200)}}};
  const auto chunks = cut(document, {.tokens_max = 100, .overlap_tokens = 0});
  std::string all;
  for (const auto& chunk : chunks) {
    EXPECT_LE(chunk.tokens, 100);
    EXPECT_LE(estimate_tokens(chunk.text), 100);
    all += chunk.text + " ";
  }
  EXPECT_EQ(all, prose(200));
}

TEST(Chunks, RepeatWholeSentencesUpToTheOverlap) {
  const Document document{{{.text = prose(60)}}};
  const auto chunks = cut(document, {.tokens_max = 100, .overlap_tokens = 50});
  ASSERT_GT(chunks.size(), 2u);
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    EXPECT_TRUE(chunks[i].text.starts_with("This is sentence"));
    const auto first = chunks[i].text.substr(0, chunks[i].text.find('.'));
    EXPECT_NE(chunks[i - 1].text.find(first), std::string::npos);
  }
}

TEST(Chunks, BeginAtHeadingsAndRememberPages) {
  const Document document{{{.page = 1, .heading = "A", .text = "A\n\n" + prose(5)},
                           {.page = 2, .heading = "B", .text = "B\n\n" + prose(5)}}};
  const auto chunks = cut(document, {.tokens_max = 100, .overlap_tokens = 50});
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[1].heading, "B");
  EXPECT_EQ(chunks[1].page, 2);
  EXPECT_TRUE(chunks[1].text.starts_with("B\n"));
}

TEST(Chunks, PagesOfOneTextFlowTogether) {
  const Document document{{{.page = 1, .text = "Short."}, {.page = 2, .text = "Also short."}}};
  const auto chunks = cut(document, {});
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].text, "Short.\n\nAlso short.");
}

TEST(Chunks, EndlessWordsAreCutBetweenCharacters) {
  std::string word;
  for (int i = 0; i < 1000; ++i) word += "\xC3\xA9";
  const auto chunks = cut({{{.text = word}}}, {.tokens_max = 101, .overlap_tokens = 0});
  std::string all;
  for (const auto& chunk : chunks) all += chunk.text;
  EXPECT_EQ(all, word);
}

TEST(Chunks, AreTheSameEveryTime) {
  const Document document{{{.text = prose(100)}}};
  const auto a = cut(document, {}), b = cut(document, {});
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].text, b[i].text);
}

TEST(Chunks, OfNothingAreNone) {
  EXPECT_TRUE(cut({}, {}).empty());
  EXPECT_TRUE(cut({{{.text = "  \n "}}}, {}).empty());
}

TEST(EstimateTokens, IsNearWhatVocabulariesMake) {
  EXPECT_EQ(estimate_tokens(""), 0);
  EXPECT_EQ(estimate_tokens("Hello world"), 2);
  EXPECT_EQ(estimate_tokens("The quick brown fox jumps over the lazy dog."), 10);
  EXPECT_EQ(estimate_tokens("123456"), 2);
}

}  // namespace
}  // namespace documents
