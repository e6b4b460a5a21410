#include "inference/local/abilities.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/testing/tiny_model.h"

namespace inference::local {
namespace {

std::string built_in(const std::string& name) {
  const char* source = std::getenv("PARLANCE_SOURCE");
  return std::string(source ? source : ".") + "/models/" + name;
}

TEST(Abilities, ComeFromTheFile) {
  if (!std::filesystem::exists(built_in("parlance-mini.gguf"))) GTEST_SKIP() << "no models here";
  EXPECT_EQ(read_abilities(built_in("parlance-mini.gguf")),
            (Abilities{.generates = true, .embeds = false}));
  EXPECT_EQ(read_abilities(built_in("parlance-embed.gguf")),
            (Abilities{.generates = false, .embeds = true}));
}

TEST(Abilities, OfWhatCannotBeReadAreAll) {
  const engine::testing::TemporaryFolder folder;
  EXPECT_EQ(read_abilities(folder.path("absent.gguf")), Abilities());
  std::ofstream(folder.path("broken.gguf")) << "GGUF, but not really";
  EXPECT_EQ(read_abilities(folder.path("broken.gguf")), Abilities());
}

TEST(Abilities, AreReadAgainOnlyWhenTheFileIsAnother) {
  const engine::testing::TemporaryFolder folder;
  const auto path = folder.path("model.gguf");
  const AbilitiesOfFiles files;
  EXPECT_EQ(files.of(path), Abilities()) << "nothing there";
  engine::testing::write_tiny_model(path, 1);
  EXPECT_FALSE(files.of(path).embeds);

  // The same bytes' worth of nonsense in place, and the time set back: it passes for the same file.
  const auto written = std::filesystem::last_write_time(path);
  const auto bytes = std::filesystem::file_size(path);
  std::ofstream(path) << std::string(bytes, 'x');
  std::filesystem::last_write_time(path, written);
  EXPECT_FALSE(files.of(path).embeds) << "it looks the same";

  std::filesystem::last_write_time(path, written + std::chrono::nanoseconds(1));
  EXPECT_TRUE(files.of(path).embeds) << "another time";

  const auto other = folder.path("other.gguf");
  engine::testing::write_tiny_model(other, 1);
  std::filesystem::last_write_time(other, written + std::chrono::nanoseconds(1));
  std::filesystem::rename(other, path);
  EXPECT_FALSE(files.of(path).embeds) << "another file of the same time";
}

}  // namespace
}  // namespace inference::local
