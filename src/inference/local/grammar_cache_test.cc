#include "inference/local/grammar_cache.h"

#include <gtest/gtest.h>

#include "inference/grammar/text_grammars.h"

namespace inference::local {
namespace {

GrammarCache::Compiled grammar() {
  return grammar::compile_regex("[a-z]{1,9}");
}

std::size_t entry_bytes() {
  GrammarCache cache(std::size_t{1} << 20);
  cache.add("p", "k", grammar());
  return cache.bytes();
}

TEST(GrammarCache, ProjectsShareNothing) {
  GrammarCache cache(std::size_t{1} << 20);
  cache.add("one", "k", grammar());
  EXPECT_NE(cache.find("one", "k"), nullptr);
  EXPECT_EQ(cache.find("two", "k"), nullptr);
  EXPECT_EQ(cache.find("one", "other"), nullptr);
}

TEST(GrammarCache, KeepsWhatFitsAndNoByteMore) {
  const std::size_t one = entry_bytes();
  GrammarCache fits(2 * one), lacks_a_byte(2 * one - 1);
  for (GrammarCache* cache : {&fits, &lacks_a_byte}) {
    cache->add("p", "a", grammar());
    cache->add("p", "b", grammar());
  }
  EXPECT_EQ(fits.size(), 2u);
  EXPECT_EQ(lacks_a_byte.size(), 1u);
  EXPECT_NE(lacks_a_byte.find("p", "b"), nullptr);
}

TEST(GrammarCache, TheProjectThatHoldsMostGivesUpItsOldest) {
  GrammarCache cache(3 * entry_bytes());
  cache.add("small", "k", grammar());
  for (const char* key : {"a", "b"}) cache.add("big", key, grammar());
  ASSERT_NE(cache.find("big", "a"), nullptr);  // used again: now "b" is the oldest
  cache.add("big", "c", grammar());
  EXPECT_NE(cache.find("small", "k"), nullptr);
  EXPECT_NE(cache.find("big", "a"), nullptr);
  EXPECT_EQ(cache.find("big", "b"), nullptr);
}

TEST(GrammarCache, RefusalsAreKept) {
  GrammarCache cache(std::size_t{1} << 20);
  cache.add("p", "k", fail(ErrorCode::InvalidRequest, "no"));
  const auto known = cache.find("p", "k");
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->error().message, "no");
}

}  // namespace
}  // namespace inference::local
