// Every template of the golden data, rendered with every conversation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/golden_testing.h"
#include "inference/jinja/golden.h"

namespace inference::jinja {
namespace {

TEST(ChatTemplates, RenderAsTheReferenceDoes) {
  const auto folder = base::testing::golden_folder("chat_templates");
  if (!folder) GTEST_SKIP() << "no golden data";
  const auto results = compare_templates(*folder);
  EXPECT_FALSE(results.empty());
  for (const auto& result : results) {
    EXPECT_THAT(result.differences, ::testing::IsEmpty()) << result.name;
  }
}

}  // namespace
}  // namespace inference::jinja
