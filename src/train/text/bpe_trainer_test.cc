#include "train/text/bpe_trainer.h"

#include <gtest/gtest.h>

#include "train/text/pretokenize.h"

namespace train {
namespace {

TEST(Pretokenize, CutsAsGpt2Does) {
  using Pieces = std::vector<std::string_view>;
  EXPECT_EQ(pretokenize("I'll see  2 caf\xC3\xA9s!\n\nNo"),
            (Pieces{"I", "'ll", " see", " ", " 2", " caf\xC3\xA9s", "!", "\n", "\n", "No"}));
  EXPECT_EQ(pretokenize("end  \n "), (Pieces{"end", "  \n "}));
  EXPECT_EQ(pretokenize(" \xFF'x"), (Pieces{" \xFF'", "x"}));
  EXPECT_TRUE(pretokenize("").empty());
}

TEST(BpeTrainer, LearnsTheMostFrequentPairFirst) {
  BpeTrainer trainer;
  trainer.add("hug", 10);
  trainer.add("pug", 5);
  trainer.add("pun", 12);
  trainer.add("bun", 4);
  trainer.add("hugs", 5);
  // u g: 20, then u n: 16, then h ug: 15 (Sennrich et al. 2016, as worked through in many courses).
  const Vocabulary vocabulary = trainer.learn(kFirstMerge + 3);
  ASSERT_EQ(vocabulary.size(), kFirstMerge + 3);
  EXPECT_EQ(vocabulary.bytes(kFirstMerge), "ug");
  EXPECT_EQ(vocabulary.bytes(kFirstMerge + 1), "un");
  EXPECT_EQ(vocabulary.bytes(kFirstMerge + 2), "hug");
}

TEST(BpeTrainer, EncodingRoundTripsAnyBytes) {
  BpeTrainer trainer;
  trainer.add("the cat sat on the mat, the cat sat there", 3);
  Vocabulary vocabulary = trainer.learn(400);
  for (const auto& text : {std::string("the cat's 1234 mats\n\n  end "),
                           std::string("\xF0\x9F\x98\x80 \xFF\x00x", 8), std::string()}) {
    std::vector<int> tokens;
    vocabulary.encode(text, tokens);
    EXPECT_EQ(vocabulary.decode(tokens), text);
  }
}

TEST(BpeTrainer, DigitsStayApart) {
  BpeTrainer trainer;
  trainer.add("in 1999 and 1999 and 1999");
  Vocabulary vocabulary = trainer.learn(400);
  std::vector<int> tokens;
  vocabulary.encode(" 1999", tokens);
  EXPECT_EQ(tokens.size(), 5u);
}

TEST(PrintableBytes, AreThoseOfGpt2) {
  EXPECT_EQ(printable_bytes(" a\n"),
            "\xC4\xA0"
            "a\xC4\x8A");
  EXPECT_EQ(printable_bytes("\x7F"), "\xC4\xA1");
}

}  // namespace
}  // namespace train
