// The models that a local backend may load, as its owner knows them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace inference::local {

struct ModelSource {
  std::string id;            // what requests name
  std::string path;          // a GGUF file
  std::int64_t created = 0;  // Unix seconds
  std::string owned_by = "user";
  bool removable = false;
};

// Asked again every second or so: models may come and go while the server runs.
using Catalogue = std::function<std::vector<ModelSource>()>;

}  // namespace inference::local
