#include "app/local_models.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace app {
namespace {

constexpr std::array<std::string_view, 5> kPerModel = {"threads", "context_tokens", "memory_mb_max",
                                                       "sequences_max", "kv_type"};

struct ModelLimit {
  std::string model, setting, value;
};

// "NAME.SETTING=VALUE"; names have dots too.
Result<ModelLimit> parse_limit(const std::string& entry) {
  const auto equals = entry.find('=');
  const auto dot = entry.rfind('.', equals);
  if (equals == entry.npos || dot == entry.npos || dot == 0) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("models.limits: '{}' is not NAME.SETTING=VALUE", entry));
  }
  ModelLimit limit{entry.substr(0, dot), entry.substr(dot + 1, equals - dot - 1),
                   entry.substr(equals + 1)};
  if (std::ranges::find(kPerModel, limit.setting) != kPerModel.end()) return limit;
  return fail(ErrorCode::InvalidRequest,
              fmt::format("models.limits: '{}' is no setting of single models", limit.setting));
}

// The file of the model that guesses ahead for this one; empty: none, or it is not here.
std::string draft_path(const Config& config, const std::vector<ModelFile>& files,
                       const std::string& model) {
  for (const auto& entry : config.models.drafts) {
    const auto pair = parse_model_pair("models.drafts", entry);
    if (!pair || pair->name != model) continue;
    const auto found = std::ranges::find(files, pair->model, &ModelFile::id);
    if (found != files.end()) return found->path;
  }
  return {};
}

// The options of a model with settings of its own; none for others. They were checked at start.
std::optional<engine::EngineOptions> own_options(const Config& config,
                                                 const std::vector<ModelFile>& files,
                                                 const std::string& model) {
  auto draft = draft_path(config, files, model);
  if (config.models.limits.empty() && draft.empty()) return std::nullopt;
  const auto own = model_engine_config(config.engine, config.models.limits, model);
  if (!own) return std::nullopt;
  auto options = engine_options(*own);
  if (!options) return std::nullopt;
  options->draft_path = std::move(draft);
  return *options;
}

}  // namespace

Result<ModelPair> parse_model_pair(std::string_view setting, const std::string& entry) {
  const auto equals = entry.find('=');
  if (equals == 0 || equals == entry.npos || equals + 1 == entry.size()) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("{} must be NAME=ID, not '{}'", setting, entry));
  }
  return ModelPair{entry.substr(0, equals), entry.substr(equals + 1)};
}

Result<EngineConfig> model_engine_config(const EngineConfig& config,
                                         const std::vector<std::string>& limits,
                                         const std::string& model) {
  Config all;
  all.engine = config;
  for (const auto& entry : limits) {
    const auto limit = parse_limit(entry);
    if (!limit) return fail(limit.error());
    Config ignored;
    auto& target = limit->model == model ? all : ignored;  // the values of others are checked too
    const auto assignment = "engine." + limit->setting + "=" + limit->value;
    if (auto status = apply_assignment(target, assignment); !status) return fail(status.error());
    if (auto options = engine_options(target.engine); !options) return fail(options.error());
  }
  return all.engine;
}

Result<engine::EngineOptions> engine_options(const EngineConfig& config) {
  engine::EngineOptions out;
  out.threads = static_cast<std::size_t>(config.threads);
  out.context_tokens = static_cast<int>(config.context_tokens);
  out.memory_bytes_max = static_cast<std::size_t>(config.memory_mb_max) * 1'000'000;
  out.sequences_max = static_cast<int>(config.sequences_max);
  if (config.kv_type == "bf16")
    out.kv_type = engine::KvType::BF16;
  else if (config.kv_type == "f16")
    out.kv_type = engine::KvType::F16;
  else if (config.kv_type == "f32")
    out.kv_type = engine::KvType::F32;
  else if (config.kv_type == "q8")
    out.kv_type = engine::KvType::Q8;
  else if (config.kv_type != "auto")
    return fail(
        ErrorCode::InvalidRequest,
        fmt::format("engine.kv_type must be auto, bf16, f16, f32 or q8, not '{}'", config.kv_type));
  return out;
}

Result<std::unique_ptr<inference::local::LocalBackend>> make_local_backend(
    const Config& config, const ModelFiles& files, base::Pools& pools, base::IdGenerator& ids,
    const base::Clock& clock, inference::Activity* activity) {
  auto engine = engine_options(config.engine);
  if (!engine) return fail(engine.error());
  const auto checked = model_engine_config(config.engine, config.models.limits, "");
  if (!checked) return fail(checked.error());
  for (const auto& entry : config.models.drafts) {
    if (auto pair = parse_model_pair("models.drafts", entry); !pair) return fail(pair.error());
  }
  inference::local::LocalOptions options;
  options.engine = std::move(*engine);
  options.resident_models_max = static_cast<std::size_t>(config.engine.resident_models_max);
  options.truncate = config.models.truncate;
  options.activity = activity;
  options.catalogue = [&files, config] {
    std::vector<inference::local::ModelSource> out;
    const auto listed = files.list();
    for (const ModelFile& file : listed) {
      out.push_back({.id = file.id,
                     .path = file.path,
                     .base = file.base,
                     .created = file.created,
                     .owned_by = file.built_in ? "parlance" : "user",
                     .removable = file.removable,
                     .engine = own_options(config, listed, file.id)});
    }
    // Many clients take the first model they are shown.
    if (const auto first = files.default_model(config.models.default_model)) {
      std::ranges::stable_partition(out, [&](const auto& m) { return m.id == first->id; });
    }
    return out;
  };
  return std::make_unique<inference::local::LocalBackend>(std::move(options), pools, ids, clock);
}

}  // namespace app
