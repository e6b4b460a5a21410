// parlance models | add | remove
#include <cstdio>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/model_files.h"

namespace app {

int list_models(const Config& config) {
  const ModelFiles files(config.data, config.models.files, config.models.adapters);
  const auto models = files.list();
  if (models.empty())
    return complain("there is no model yet. Add one: parlance add FILE.gguf, or parlance pull URL");
  for (const ModelFile& model : models) {
    fmt::print("{:<40} {:>9.1f} MB  {}\n", model.id, static_cast<double>(model.bytes) / 1e6,
               !model.base.empty() ? "adapter of " + model.base
               : model.built_in    ? "built in"
               : model.removable   ? "added"
                                   : "configured");
  }
  return 0;
}

int add_model(const Config& config, const AddOptions& options) {
  ModelFiles files(config.data, config.models.files, config.models.adapters);
  const bool adapts = !options.lora.empty();
  auto added = files.add({.path = adapts ? options.lora : options.path,
                          .id = options.id,
                          .link = options.link,
                          .base = adapts ? options.path : ""});
  if (!added) return complain(added.error().message);
  fmt::print("added {} ({:.1f} MB). Try it: parlance run {} \"Hello\"\n", added->id,
             static_cast<double>(added->bytes) / 1e6, added->id);
  return 0;
}

int remove_model(const Config& config, const std::string& id) {
  ModelFiles files(config.data, config.models.files, config.models.adapters);
  if (auto removed = files.remove(id); !removed) return complain(removed.error().message);
  fmt::print("removed {}\n", id);
  return 0;
}

int complain(const std::string& message) {
  fmt::print(stderr, "parlance: {}\n", message);
  return 1;
}

}  // namespace app
