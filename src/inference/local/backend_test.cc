#include "inference/local/backend.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/random.h"
#include "engine/testing/tiny_model.h"

namespace inference::local {
namespace {

TEST(LocalBackend, SaysWhatModelsCanDoWithoutReadingThemWhileSomebodyWaits) {
  const engine::testing::TemporaryFolder folder;
  const auto write = [&](const std::string& name) {
    engine::testing::write_tiny_model(folder.path(name), 1);
    return ModelSource{.id = name, .path = folder.path(name)};
  };
  base::Pools pools(1, 1);
  base::SystemRandom random;
  base::FakeClock clock;
  base::IdGenerator ids(clock, random);
  auto sources = std::make_shared<base::Guarded<std::vector<ModelSource>>>();
  LocalOptions options;
  options.catalogue = [sources] { return sources->with([](const auto& all) { return all; }); };
  sources->with([&](auto& all) { all = {write("first")}; });
  const LocalBackend backend(std::move(options), pools, ids, clock);
  ASSERT_EQ(backend.models().size(), 1u);
  EXPECT_FALSE(backend.models()[0].embeds) << "what was there at the start is known";

  sources->with([&](auto& all) { all = {write("second")}; });
  clock.advance(std::chrono::seconds(2));  // the catalogue is asked again
  EXPECT_EQ(backend.models()[0].id, "second");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (backend.models()[0].embeds && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(backend.models()[0].embeds);
}

}  // namespace
}  // namespace inference::local
