#include "engine/golden/quants.h"

#include <gtest/gtest.h>

#include "base/golden_testing.h"
#include "engine/golden/files.h"
#include "engine/golden/quantisers.h"

namespace engine::golden {
namespace {

TEST(Quants, EqualTheStoredBlocks) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  const auto report = compare_formats(*folder / "quants");
  EXPECT_FALSE(report.empty());
  for (const auto& row : report) {
    EXPECT_EQ(row.verdict, Verdict::Equal) << row.name << ": " << row.detail;
  }
}

TEST(Quantisers, AreNoWorseThanTheReference) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  const auto report = compare_quantisers(*folder / "quants");
  EXPECT_GE(report.size(), 8u);
  for (const auto& row : report) {
    EXPECT_EQ(row.verdict, Verdict::Within) << row.name << ": " << row.detail;
  }
}

}  // namespace
}  // namespace engine::golden
