#include "inference/local/abilities.h"

#include "compute/gguf/file.h"
#include "engine/model/registry.h"

namespace inference::local {

Abilities read_abilities(const std::string& path) {
  const auto file = gguf::File::open(path);
  if (!file) return {};
  const auto spec = engine::describe_model(*file, 0);
  if (!spec) return {};
  const auto& info = spec->info;
  if (info.pooling == engine::Pooling::Rank) return {.generates = false, .embeds = false};
  return {.generates = info.generates,
          .embeds = !info.generates || info.pooling != engine::Pooling::None};
}

Abilities AbilitiesOfFiles::of(const std::string& path, std::int64_t written_at) const {
  const auto known = known_.with([&](const auto& files) {
    const auto found = files.find(path);
    return found == files.end() ? std::pair(written_at - 1, Abilities()) : found->second;
  });
  if (known.first == written_at) return known.second;
  const auto abilities = read_abilities(path);
  known_.with([&](auto& files) { files[path] = {written_at, abilities}; });
  return abilities;
}

}  // namespace inference::local
