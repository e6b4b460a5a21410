#include "app/local_models.h"

#include <fmt/format.h>

namespace app {

Result<engine::EngineOptions> engine_options(const EngineConfig& config) {
  engine::EngineOptions out;
  out.threads = static_cast<std::size_t>(config.threads);
  out.context_tokens = static_cast<int>(config.context_tokens);
  out.memory_bytes_max = static_cast<std::size_t>(config.memory_mb_max) * 1'000'000;
  out.sequences_max = static_cast<int>(config.sequences_max);
  if (config.kv_type == "f16")
    out.kv_type = engine::KvType::F16;
  else if (config.kv_type == "f32")
    out.kv_type = engine::KvType::F32;
  else if (config.kv_type == "q8")
    out.kv_type = engine::KvType::Q8;
  else
    return fail(ErrorCode::InvalidRequest,
                fmt::format("engine.kv_type must be f16, f32 or q8, not '{}'", config.kv_type));
  return out;
}

Result<std::unique_ptr<inference::local::LocalBackend>> make_local_backend(
    const Config& config, const ModelFiles& files, base::Pools& pools, base::IdGenerator& ids,
    const base::Clock& clock) {
  auto engine = engine_options(config.engine);
  if (!engine) return fail(engine.error());
  inference::local::LocalOptions options;
  options.engine = std::move(*engine);
  options.resident_models_max = static_cast<std::size_t>(config.engine.resident_models_max);
  options.truncate = config.models.truncate;
  options.catalogue = [&files] {
    std::vector<inference::local::ModelSource> out;
    for (const ModelFile& file : files.list()) {
      out.push_back({.id = file.id,
                     .path = file.path,
                     .created = file.created,
                     .owned_by = file.built_in ? "parlance" : "user",
                     .removable = file.removable});
    }
    return out;
  };
  return std::make_unique<inference::local::LocalBackend>(std::move(options), pools, ids, clock);
}

}  // namespace app
