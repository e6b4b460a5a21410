#include "app/local_models.h"

#include <gtest/gtest.h>

namespace app {
namespace {

TEST(ModelLimits, ChangeTheSettingsOfOneModel) {
  EngineConfig config;
  config.sequences_max = 32;
  const std::vector<std::string> limits = {"qwen-2.5.context_tokens=4096",
                                           "qwen-2.5.memory_mb_max=2000", "other.kv_type=q8"};
  const auto own = model_engine_config(config, limits, "qwen-2.5").value();
  EXPECT_EQ(own.context_tokens, 4'096);
  EXPECT_EQ(own.memory_mb_max, 2'000);
  EXPECT_EQ(own.sequences_max, 32);
  EXPECT_EQ(own.kv_type, config.kv_type);
  EXPECT_EQ(model_engine_config(config, limits, "other")->kv_type, "q8");
}

TEST(ModelLimits, MistakesOfAnyModelAreErrors) {
  const auto message = [](const std::string& limit) {
    const auto config = model_engine_config({}, {limit}, "another");
    return config ? std::string() : config.error().message;
  };
  EXPECT_NE(message("m.colour=red").find("no setting of single models"), std::string::npos);
  EXPECT_NE(message("m.resident_models_max=3").find("no setting"), std::string::npos);
  EXPECT_NE(message("context_tokens=3").find("NAME.SETTING=VALUE"), std::string::npos);
  EXPECT_NE(message("m.context_tokens=many"), "");
  EXPECT_NE(message("m.kv_type=q3"), "");
  EXPECT_EQ(message("m.kv_type=q8"), "");
}

}  // namespace
}  // namespace app
