#include "compute/threads.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "compute/float_mode.h"

namespace compute {
namespace {

class PoolOf : public ::testing::TestWithParam<std::size_t> {};

TEST_P(PoolOf, CoversEveryIndexOnce) {
  Pool pool(GetParam());
  for (const std::size_t n : {0u, 1u, 7u, 64u, 1001u}) {
    for (const std::size_t grain : {0u, 1u, 3u, 64u, 5000u}) {
      std::vector<int> seen(n);
      pool.parallel_for(n, grain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) ++seen[i];
      });
      EXPECT_EQ(seen, std::vector<int>(n, 1)) << n << " by " << grain;
    }
  }
}

TEST_P(PoolOf, RunsThousandsOfShortLoops) {
  Pool pool(GetParam());
  std::vector<std::size_t> counts(64);
  for (int loop = 0; loop < 2'000; ++loop) {
    pool.parallel_for(counts.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++counts[i];
    });
  }
  EXPECT_EQ(counts, std::vector<std::size_t>(64, 2'000));
}

TEST_P(PoolOf, FlushesDenormalsInsideLoopsOnly) {
  Pool pool(GetParam());
  volatile float tiny = 1e-38f;
  std::vector<float> products(64, 1.0f);
  pool.parallel_for(products.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) products[i] = tiny * 0.01f;
  });
  EXPECT_EQ(std::accumulate(products.begin(), products.end(), 0.0f), 0.0f);
  const float outside = tiny * 0.01f;
  EXPECT_NE(outside, 0.0f);
}

INSTANTIATE_TEST_SUITE_P(Threads, PoolOf, ::testing::Values(1, 2, 5),
                         [](const auto& info) { return std::to_string(info.param); });

TEST(Pool, EndsWhileItsThreadsSleepOrSpin) {
  for (int i = 0; i < 50; ++i) Pool pool(3);
}

}  // namespace
}  // namespace compute
