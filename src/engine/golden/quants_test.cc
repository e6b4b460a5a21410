#include "engine/golden/quants.h"

#include <gtest/gtest.h>

#include "engine/golden/files.h"

namespace engine::golden {
namespace {

TEST(Quants, EqualTheStoredBlocks) {
  const auto folder = golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  const auto report = compare_formats(*folder / "quants");
  EXPECT_FALSE(report.empty());
  for (const auto& row : report) {
    EXPECT_EQ(row.verdict, Verdict::Equal) << row.name << ": " << row.detail;
  }
}

}  // namespace
}  // namespace engine::golden
