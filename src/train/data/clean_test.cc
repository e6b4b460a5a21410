#include "train/data/clean.h"

#include <gtest/gtest.h>

namespace train {
namespace {

TEST(Clean, TidyPrefersPlainForms) {
  EXPECT_EQ(tidy("\xE2\x80\x9CIt\xE2\x80\x99s\xE2\x80\x9D  fine\xE2\x80\xA6 \n x"),
            "\"It's\" fine... x");
  EXPECT_EQ(tidy("a \n\n  b ", true), "a\n\nb");
  EXPECT_EQ(tidy(""), "");
}

TEST(Clean, SentenceWritesAsACarefulPersonWould) {
  EXPECT_EQ(sentence("i think i'm ok. are you"), "I think I'm ok. Are you.");
  EXPECT_EQ(sentence("why?"), "Why?");
  EXPECT_EQ(sentence("that is, i.e. this"), "That is, i.e. This.");
}

TEST(Clean, ReplacedReplacesAll) {
  EXPECT_EQ(replaced("aXbXX", "X", "yy"), "ayybyyyy");
  EXPECT_EQ(replaced("abc", "X", "y"), "abc");
}

}  // namespace
}  // namespace train
