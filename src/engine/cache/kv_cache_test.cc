#include "engine/cache/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace engine {
namespace {

// One page holds 64 tokens of two tiny layers, one of them windowed when asked for.
KvCache make_cache(std::size_t pages, int window = 0) {
  KvLayout layout(KvType::F32, {{.n_heads = 1, .d_key = 4, .d_value = 4},
                                {.n_heads = 1, .d_key = 4, .d_value = 4, .window = window}});
  std::vector<std::size_t> counts(layout.group_count(), pages);
  return KvCache::create({.layout = std::move(layout), .page_counts = counts}).value();
}

std::vector<TokenId> tokens(int count, int first = 0) {
  std::vector<TokenId> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), first);
  return result;
}

KvSequence computed(KvCache& cache, const std::string& salt, const std::vector<TokenId>& prompt) {
  auto sequence = cache.begin(salt, prompt);
  const int rest = static_cast<int>(prompt.size()) - sequence.length;
  EXPECT_TRUE(cache.reserve(sequence, rest));
  cache.advance(sequence, prompt, static_cast<int>(prompt.size()));
  return sequence;
}

TEST(KvCache, SharesFullPagesWithARunningSequence) {
  auto cache = make_cache(8);
  const auto prompt = tokens(200);
  auto first = computed(cache, "a", prompt);
  auto second = cache.begin("a", prompt);
  EXPECT_EQ(second.length, 192);
  EXPECT_EQ(second.tables[0][2], first.tables[0][2]);
  const KvSequence* alive[] = {&first, &second};
  cache.check(alive);
  cache.end(first, prompt);
  cache.end(second, prompt);
  cache.check({});
}

TEST(KvCache, CopiesTheMatchingBeginningOfAPage) {
  auto cache = make_cache(8);
  const auto prompt = tokens(100);
  auto first = computed(cache, "a", prompt);
  auto* values = reinterpret_cast<float*>(cache.pool(0).bytes(first.tables[0][1]));
  values[0] = 42;
  cache.end(first, prompt);

  auto longer = prompt;
  longer.resize(90);
  longer.resize(130, 7'777);
  auto second = cache.begin("a", longer);
  EXPECT_EQ(second.length, 90);
  EXPECT_EQ(*reinterpret_cast<float*>(cache.pool(0).bytes(second.tables[0][1])), 42);
  cache.end(second, {});
  cache.check({});
}

TEST(KvCache, NeverReusesTheLastTokenOfAPrompt) {
  auto cache = make_cache(8);
  const auto prompt = tokens(128);
  auto first = computed(cache, "a", prompt);
  cache.end(first, prompt);
  auto second = cache.begin("a", prompt);
  EXPECT_EQ(second.length, 127);
  EXPECT_TRUE(cache.reserve(second, 1));
  cache.end(second, prompt);
  cache.check({});
}

TEST(KvCache, KeepsSaltsApart) {
  auto cache = make_cache(8);
  const auto prompt = tokens(128);
  auto first = computed(cache, "a", prompt);
  EXPECT_EQ(cache.begin("b", prompt).length, 0);
  EXPECT_EQ(cache.begin("a", prompt, /*reuse=*/false).length, 0);
  cache.end(first, prompt);
}

TEST(KvCache, WritesToACopyOfASharedPage) {
  auto cache = make_cache(8);
  const auto prompt = tokens(70);
  auto first = computed(cache, "a", prompt);
  auto fork = cache.fork(first);
  EXPECT_EQ(fork.tables[0], first.tables[0]);
  EXPECT_TRUE(cache.reserve(fork, 1));
  EXPECT_EQ(fork.tables[0][0], first.tables[0][0]);
  EXPECT_NE(fork.tables[0][1], first.tables[0][1]);
  const KvSequence* alive[] = {&first, &fork};
  cache.check(alive);
  cache.end(first, prompt);
  cache.end(fork, prompt);
}

TEST(KvCache, EvictsWhatWasUsedLeastRecently) {
  auto cache = make_cache(4);
  for (const int first : {0, 1'000, 2'000, 3'000}) {
    const auto prompt = tokens(64, first);
    auto sequence = computed(cache, "a", prompt);
    cache.end(sequence, prompt);
  }
  auto oldest = cache.begin("a", tokens(65, 0));  // uses the first again
  EXPECT_EQ(oldest.length, 64);
  auto next = computed(cache, "a", tokens(64, 4'000));
  EXPECT_EQ(cache.begin("a", tokens(65, 1'000)).length, 0);  // went
  auto kept = cache.begin("a", tokens(65, 2'000));
  EXPECT_EQ(kept.length, 64);
  EXPECT_EQ(cache.usage().pages_in_use, 3u);
  EXPECT_FALSE(cache.reserve(next, 128));  // one page is left to evict, two are needed
  cache.end(oldest, {});
  cache.end(next, {});
  cache.end(kept, {});
  cache.check({});
}

TEST(KvCache, WindowedLayersKeepOnlyTheirWindow) {
  auto cache = make_cache(8, /*window=*/64);
  const auto prompt = tokens(400);
  auto sequence = cache.begin("a", prompt);
  for (int length = 64; length <= 384; length += 64) {
    ASSERT_TRUE(cache.reserve(sequence, 64));
    cache.advance(sequence, prompt, length);
  }
  EXPECT_EQ(cache.layout().window(1), 64);
  const auto held =
      std::ranges::count_if(sequence.tables[1], [](PageId page) { return page != kNoPage; });
  EXPECT_EQ(held, 1);
  cache.end(sequence, prompt);
  // What the tree still has of the window is enough to go on from the end.
  auto again = cache.begin("a", prompt);
  EXPECT_EQ(again.length, 384);
  cache.end(again, {});
  cache.check({});
}

}  // namespace
}  // namespace engine
