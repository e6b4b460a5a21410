#include "engine/golden/architectures.h"

#include <gtest/gtest.h>

#include "base/golden_testing.h"
#include "engine/golden/files.h"

namespace engine::golden {
namespace {

TEST(Architectures, EqualTheStoredLogitsAndEmbeddings) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  for (const auto& row : compare_architectures(*folder / "architectures")) {
    EXPECT_EQ(row.verdict, Verdict::Within) << row.name << ": " << row.detail;
  }
}

}  // namespace
}  // namespace engine::golden
