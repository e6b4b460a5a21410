// Organizations and their projects: the heads under which everything else is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/db/session.h"
#include "store/repo/page.h"

namespace store {

struct Organization {
  base::OrganizationId id;
  std::string name = {};
  std::int64_t created_at = 0;
  std::string body = "{}";  // JSON: settings
};

struct Project {
  base::ProjectId id;
  base::OrganizationId organization = {};
  std::string name = {};
  std::int64_t created_at = 0;
  std::optional<std::int64_t> archived_at = {};  // archiving is final
  std::string body = "{}";                       // JSON: settings
};

namespace organizations {

// Conflict when the id exists.
Status create(Transaction& transaction, const Organization& organization);
Result<Organization> get(Session& session, const base::OrganizationId& id);
// Name and body.
Status update(Transaction& transaction, const Organization& organization);

}  // namespace organizations

namespace projects {

Status create(Transaction& transaction, const Project& project);
// NotFound also for a project of another organization.
Result<Project> get(Session& session, const base::OrganizationId& organization,
                    const base::ProjectId& id);
// Name and body.
Status update(Transaction& transaction, const Project& project);
// NotFound when there is none or it is archived already.
Status archive(Transaction& transaction, const base::OrganizationId& organization,
               const base::ProjectId& id, std::int64_t now_seconds);

struct Filter {
  base::OrganizationId organization = {};
  bool with_archived = false;
};
Result<Page<Project>> list(Session& session, const Filter& filter, const PageRequest& request);

}  // namespace projects
}  // namespace store
