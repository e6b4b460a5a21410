#include "inference/local/residency.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace inference::local {
namespace {

// The built-in model under several names; memory is what the test says.
class ResidencyTest : public ::testing::Test {
 protected:
  static std::string file() {
    const char* source = std::getenv("PARLANCE_SOURCE");
    return std::string(source != nullptr ? source : ".") + "/models/parlance-mini.gguf";
  }
  void SetUp() override {
    if (!std::filesystem::exists(file())) GTEST_SKIP() << "no built-in model: set PARLANCE_SOURCE";
  }
  static ModelSource source(const std::string& id) { return {.id = id, .path = file()}; }
  Residency residency(std::size_t models_max) {
    return {engine::EngineOptions{.model_path = "", .threads = 1, .sequences_max = 4}, models_max,
            [this] { return free_; }};
  }
  std::vector<std::string> ids(const Residency& residency) {
    std::vector<std::string> out;
    for (const auto& model : residency.resident()) out.push_back(model->id);
    return out;
  }
  using Ids = std::vector<std::string>;

  std::size_t free_ = std::size_t{1} << 30;
};

TEST_F(ResidencyTest, LoadsOnceAndLetsTheLeastRecentlyUsedGo) {
  auto models = residency(2);
  const auto first = models.acquire(source("a")).value();
  EXPECT_EQ(models.acquire(source("a")).value(), first);
  EXPECT_TRUE(models.acquire(source("b")));
  EXPECT_TRUE(models.acquire(source("a")));
  EXPECT_TRUE(models.acquire(source("c")));
  EXPECT_EQ(ids(models), (Ids{"c", "a"}));
  models.forget("a");
  EXPECT_EQ(ids(models), Ids{"c"});
  EXPECT_EQ(first->id, "a");  // still whole for those who use it
}

TEST_F(ResidencyTest, IdleModelsLeaveWhenANewOneNeedsTheMemory) {
  auto models = residency(8);
  auto busy = models.acquire(source("busy")).value();
  const auto needed = busy->engine->memory().total();
  EXPECT_TRUE(models.acquire(source("idle")));
  EXPECT_TRUE(models.acquire(source("idle too")));
  free_ = needed / 2;  // as if everything were taken
  const auto refused = models.acquire(source("new"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ResourceExhausted);
  EXPECT_NE(refused.error().message.find("are available"), std::string::npos);
  EXPECT_EQ(ids(models), Ids{"busy"});  // the idle ones had to try

  free_ = 2 * needed;
  busy.reset();
  EXPECT_TRUE(models.acquire(source("new")));
}

TEST_F(ResidencyTest, WhatResidentModelsMayStillTakeIsNotFree) {
  auto models = residency(8);
  const auto first = models.acquire(source("first")).value();
  const auto& plan = first->engine->memory();
  free_ = plan.cache + plan.weights;  // the cache is promised and not used yet
  EXPECT_FALSE(models.acquire(source("second")));
  free_ += plan.total();
  EXPECT_TRUE(models.acquire(source("second")));
}

TEST_F(ResidencyTest, AModelHasLimitsOfItsOwn) {
  auto models = residency(8);
  auto small = source("small");
  small.engine = engine::EngineOptions{
      .model_path = "", .threads = 1, .context_tokens = 300, .sequences_max = 2};
  EXPECT_EQ(models.acquire(small).value()->engine->model().context_tokens, 300);
  EXPECT_GT(models.acquire(source("usual")).value()->engine->model().context_tokens, 300);
  auto tiny = source("tiny");
  tiny.engine = engine::EngineOptions{.model_path = "", .threads = 1, .memory_bytes_max = 1 << 20};
  const auto refused = models.acquire(tiny);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ResourceExhausted);
  EXPECT_EQ(ids(models).size(), 2u);  // nobody leaves for a limit that eviction cannot lift
}

}  // namespace
}  // namespace inference::local
