// parlance webhooks add | list | remove
#include "webhooks/endpoints.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/commands/installation.h"
#include "gateway/access.h"
#include "webhooks/signature.h"

namespace app {
namespace {

struct Webhooks : Installation {
  std::vector<store::Project> projects;

  Status open(const Config& config) {
    if (auto status = Installation::open(config); !status) return status;
    auto all = access->list_projects();
    if (!all) return fail(all.error());
    projects = std::move(*all);
    return {};
  }
  Result<std::vector<webhooks::Endpoint>> endpoints(const store::Project& project) {
    return database->read_blocking(
        [&](store::Session& session) { return webhooks::endpoints::list(session, project.id); });
  }
};

}  // namespace

int add_webhook(const Config& config, const WebhookOptions& options) {
  Webhooks store;
  if (auto status = store.open(config); !status) return complain(status.error().message);
  const auto project = std::ranges::find(store.projects, options.project, &store::Project::name);
  if (project == store.projects.end())
    return complain(fmt::format("there is no project '{}'", options.project));

  webhooks::Endpoint endpoint{.id = store.ids.object("we"),
                              .url = options.url,
                              .events = options.events,
                              .secret = webhooks::new_secret(store.random),
                              .created_at = store.clock.unix_seconds()};
  if (endpoint.events.empty()) {
    for (const auto type : webhooks::event_types()) endpoint.events.emplace_back(type);
  }
  auto added = store.database->write_blocking([&](store::Transaction& transaction) {
    return webhooks::endpoints::add(transaction, project->id, endpoint);
  });
  if (!added) return complain(added.error().message);
  fmt::print("{}\n", endpoint.secret);
  fmt::print(stderr,
             "This secret is shown once: it signs the events of project '{}'. Its id is "
             "{}.\n",
             project->name, endpoint.id);
  return 0;
}

int list_webhooks(const Config& config) {
  Webhooks store;
  if (auto status = store.open(config); !status) return complain(status.error().message);
  for (const auto& project : store.projects) {
    auto endpoints = store.endpoints(project);
    if (!endpoints) return complain(endpoints.error().message);
    for (const auto& endpoint : *endpoints) {
      fmt::print("{}  {:<20} {}  {}\n", endpoint.id, project.name, endpoint.url,
                 fmt::join(endpoint.events, ","));
    }
  }
  return 0;
}

int remove_webhook(const Config& config, const std::string& id) {
  Webhooks store;
  if (auto status = store.open(config); !status) return complain(status.error().message);
  for (const auto& project : store.projects) {
    auto removed = store.database->write_blocking([&](store::Transaction& transaction) {
      return webhooks::endpoints::remove(transaction, project.id, id);
    });
    if (removed) {
      fmt::print("removed {}\n", id);
      return 0;
    }
    if (removed.error().code != ErrorCode::NotFound) return complain(removed.error().message);
  }
  return complain(fmt::format("there is no webhook '{}'", id));
}

}  // namespace app
