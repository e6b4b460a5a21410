// The models that a local backend may load, as its owner knows them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace inference::local {

struct ModelSource {
  std::string id;            // what requests name
  std::string path;          // a GGUF file
  std::string base = {};     // of a LoRA adapter: the id of the model that it changes
  std::int64_t created = 0;  // Unix seconds
  std::string owned_by = "user";
  bool removable = false;
  std::optional<engine::EngineOptions> engine = {};  // limits of its own; absent: the backend's
};

// Asked again every second or so: models may come and go while the server runs.
using Catalogue = std::function<std::vector<ModelSource>()>;

}  // namespace inference::local
