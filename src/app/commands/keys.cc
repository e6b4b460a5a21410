// parlance keys create | list | revoke
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/commands/installation.h"
#include "gateway/access.h"

namespace app {
namespace {

std::string date(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

}  // namespace

int create_key(const Config& config, const KeyOptions& options) {
  Installation keys;
  if (auto status = keys.open(config); !status) return complain(status.error().message);
  auto made =
      keys.access->create_key({.project = options.project, .admin = options.admin, .secret = {}});
  if (!made) return complain(made.error().message);
  fmt::print("{}\n", made->secret);
  fmt::print(
      stderr, "This key is shown once. It belongs to {}; its id is {}.\n",
      options.admin ? "the organization (admin)" : fmt::format("project '{}'", options.project),
      made->key.id.value);
  return 0;
}

int list_keys(const Config& config) {
  Installation keys;
  if (auto status = keys.open(config); !status) return complain(status.error().message);
  auto all = keys.access->list_keys();
  auto projects = keys.access->list_projects();
  if (!all) return complain(all.error().message);
  if (!projects) return complain(projects.error().message);
  for (const store::Key& key : *all) {
    std::string project = "(admin)";
    for (const auto& each : *projects) {
      if (each.id == key.project) project = each.name;
    }
    fmt::print("{:<38} {:<24} {:<20} made {}  {}\n", key.id.value, key.masked, project,
               date(key.created_at),
               key.last_used_at ? "used " + date(*key.last_used_at) : "never used");
  }
  return 0;
}

int revoke_key(const Config& config, const std::string& id) {
  Installation keys;
  if (auto status = keys.open(config); !status) return complain(status.error().message);
  if (auto revoked = keys.access->revoke_key({id}); !revoked)
    return complain(revoked.error().message);
  fmt::print("revoked {}\n", id);
  return 0;
}

}  // namespace app
