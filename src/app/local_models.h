// The local backend over this installation's model files.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/model_files.h"
#include "base/ids.h"
#include "inference/local/backend.h"

namespace app {

// NAME=ID, as models.aliases and models.drafts have it.
struct ModelPair {
  std::string name, model;
};
Result<ModelPair> parse_model_pair(std::string_view setting, const std::string& entry);

// What it is given must outlive it; `activity`, if any, is told of interactive requests. Errors
// name a setting that makes no sense.
Result<std::unique_ptr<inference::local::LocalBackend>> make_local_backend(
    const Config& config, const ModelFiles& files, base::Pools& pools, base::IdGenerator& ids,
    const base::Clock& clock, inference::Activity* activity = nullptr);

// `config` with the settings that `limits` (NAME.SETTING=VALUE each) has for this model. Errors
// name what is not a setting of a model, or is out of range.
Result<EngineConfig> model_engine_config(const EngineConfig& config,
                                         const std::vector<std::string>& limits,
                                         const std::string& model);

// The engine's options for any model, without its path.
Result<engine::EngineOptions> engine_options(const EngineConfig& config);

}  // namespace app
