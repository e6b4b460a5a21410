// Where a project wants to be told of what. Kept as documents of the project.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "store/db/session.h"

namespace webhooks {

struct Endpoint {
  std::string id;  // `we_` + 32 hex
  std::string url;
  std::vector<std::string> events;  // types
  std::string secret = {};          // shown once, when it is made
  std::int64_t created_at = 0;      // Unix seconds
};

// Every type that is announced.
std::span<const std::string_view> event_types();

namespace endpoints {

// InvalidRequest for an address or a type that is none, or one endpoint too many.
Status add(store::Transaction& transaction, const base::ProjectId& project,
           const Endpoint& endpoint);
// Oldest first.
Result<std::vector<Endpoint>> list(store::Session& session, const base::ProjectId& project);
// NotFound also for another project's.
Result<Endpoint> get(store::Session& session, const base::ProjectId& project,
                     const std::string& id);
Status remove(store::Transaction& transaction, const base::ProjectId& project,
              const std::string& id);

}  // namespace endpoints
}  // namespace webhooks
