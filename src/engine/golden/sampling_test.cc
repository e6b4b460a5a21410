#include "engine/golden/sampling.h"

#include <gtest/gtest.h>

#include "base/golden_testing.h"
#include "engine/golden/files.h"

namespace engine::golden {
namespace {

TEST(Sampling, EqualsTheStoredDistributionsAndLogprobs) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  const auto report = compare_sampling(*folder / "sampling");
  EXPECT_FALSE(report.empty());
  for (const auto& row : report) {
    EXPECT_EQ(row.verdict, Verdict::Within) << row.name << ": " << row.detail;
  }
}

}  // namespace
}  // namespace engine::golden
