#include "inference/local/abilities.h"

#include <sys/stat.h>

#include <optional>

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

Abilities AbilitiesOfFiles::of(const std::string& path) const {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return {};
  const Stamp stamp{.written_ns = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec,
                    .bytes = status.st_size,
                    .inode = status.st_ino};
  const auto known = known_.with([&](const auto& files) -> std::optional<Abilities> {
    const auto found = files.find(path);
    if (found == files.end() || found->second.stamp != stamp) return std::nullopt;
    return found->second.abilities;
  });
  if (known) return *known;
  const auto abilities = read_abilities(path);
  known_.with([&](auto& files) { files[path] = {stamp, abilities}; });
  return abilities;
}

Abilities AbilitiesOfFiles::known(const std::string& path) const {
  return known_.with([&](const auto& files) {
    const auto found = files.find(path);
    return found == files.end() ? Abilities() : found->second.abilities;
  });
}

}  // namespace inference::local
