// Every template of the golden data, rendered with every conversation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "inference/jinja/golden.h"

namespace inference::jinja {
namespace {

std::filesystem::path golden_folder() {
  const char* shared = std::getenv("PARLANCE_SHARED");
  const char* source = std::getenv("PARLANCE_SOURCE");
  const std::filesystem::path root =
      shared ? shared : std::filesystem::path(source ? source : ".") / ".." / "shared";
  return root / "golden" / "chat_templates";
}

TEST(ChatTemplates, RenderAsTheReferenceDoes) {
  const auto folder = golden_folder();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no golden data";
  const auto results = compare_templates(folder);
  EXPECT_FALSE(results.empty());
  for (const auto& result : results) {
    EXPECT_THAT(result.differences, ::testing::IsEmpty()) << result.name;
  }
}

}  // namespace
}  // namespace inference::jinja
