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

TEST(Abilities, AreReadAgainWhenTheFileIsNew) {
  const engine::testing::TemporaryFolder folder;
  const auto path = folder.path("model.gguf");
  const AbilitiesOfFiles files;
  std::ofstream(path) << "not yet";
  EXPECT_EQ(files.of(path, 1), Abilities());
  engine::testing::write_tiny_model(path, 1);
  EXPECT_EQ(files.of(path, 1), Abilities()) << "it was not written since";
  EXPECT_FALSE(files.of(path, 2).embeds);
}

}  // namespace
}  // namespace inference::local
