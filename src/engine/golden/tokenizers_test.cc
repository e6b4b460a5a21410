#include "engine/golden/tokenizers.h"

#include <gtest/gtest.h>

#include "base/golden_testing.h"
#include "engine/golden/files.h"

namespace engine::golden {
namespace {

void expect_all_equal(const Report& report) {
  EXPECT_FALSE(report.empty());
  for (const auto& row : report) {
    EXPECT_EQ(row.verdict, Verdict::Equal) << row.name << ": " << row.detail;
  }
}

TEST(Tokenizers, EqualTheStoredIdsAndTexts) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  expect_all_equal(compare_tokenizers(*folder / "tokenizers"));
}

TEST(Tokenizers, OfTheModelsEqualTheStoredIds) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  expect_all_equal(compare_texts(*folder / "architectures"));
}

}  // namespace
}  // namespace engine::golden
