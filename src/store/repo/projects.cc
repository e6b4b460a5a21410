#include "store/repo/projects.h"

#include "store/repo/page_query.h"

namespace store {
namespace {

std::unexpected<Error> not_found(const char* what, const char* param = "") {
  return fail(ErrorCode::NotFound, std::string("No such ") + what + ".", param);
}

// The result of a change that must hit one row.
Status one_row(Result<std::int64_t> changed, const char* what) {
  if (!changed) return fail(std::move(changed.error()));
  if (*changed == 0) return not_found(what);
  return {};
}

}  // namespace

namespace organizations {

Status create(Transaction& transaction, const Organization& organization) {
  auto added = transaction.execute(
      "INSERT INTO organizations (id, name, created_at, body) VALUES ($1, $2, $3, $4)",
      {organization.id, organization.name, organization.created_at, organization.body});
  if (!added) return fail(std::move(added.error()));
  return {};
}

Result<Organization> get(Session& session, const base::OrganizationId& id) {
  auto found = session.query_one(
      "SELECT id, name, created_at, body FROM organizations WHERE id = $1", {id},
      [](const Row& row) {
        return Organization{{row.string(0)}, row.string(1), row.integer(2), row.string(3)};
      });
  if (!found) return fail(std::move(found.error()));
  if (!*found) return not_found("organization");
  return std::move(**found);
}

Status update(Transaction& transaction, const Organization& organization) {
  return one_row(transaction.execute("UPDATE organizations SET name = $1, body = $2 WHERE id = $3",
                                     {organization.name, organization.body, organization.id}),
                 "organization");
}

}  // namespace organizations

namespace projects {
namespace {

constexpr const char* kSelect =
    "SELECT id, organization, name, created_at, archived_at, body FROM projects";

Project from_row(const Row& row) {
  return {.id = {row.string(0)},
          .organization = {row.string(1)},
          .name = row.string(2),
          .created_at = row.integer(3),
          .archived_at = row.maybe_integer(4),
          .body = row.string(5)};
}

Result<std::int64_t> cursor_seq(Session& session, const Filter& filter, const std::string& id,
                                const char* param) {
  auto seq =
      session.query_one("SELECT seq FROM projects WHERE id = $1 AND organization = $2",
                        {id, filter.organization}, [](const Row& row) { return row.integer(0); });
  if (!seq) return fail(std::move(seq.error()));
  if (!*seq) return not_found("project", param);
  return **seq;
}

}  // namespace

Status create(Transaction& transaction, const Project& project) {
  auto added = transaction.execute(
      "INSERT INTO projects (id, organization, name, created_at, archived_at, body)"
      " VALUES ($1, $2, $3, $4, $5, $6)",
      {project.id, project.organization, project.name, project.created_at, project.archived_at,
       project.body});
  if (!added) return fail(std::move(added.error()));
  return {};
}

Result<Project> get(Session& session, const base::OrganizationId& organization,
                    const base::ProjectId& id) {
  auto found = session.query_one(std::string(kSelect) + " WHERE id = $1 AND organization = $2",
                                 {id, organization}, from_row);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return not_found("project");
  return std::move(**found);
}

Status update(Transaction& transaction, const Project& project) {
  return one_row(transaction.execute(
                     "UPDATE projects SET name = $1, body = $2 WHERE id = $3 AND organization = $4",
                     {project.name, project.body, project.id, project.organization}),
                 "project");
}

Status archive(Transaction& transaction, const base::OrganizationId& organization,
               const base::ProjectId& id, std::int64_t now_seconds) {
  return one_row(transaction.execute("UPDATE projects SET archived_at = $1 WHERE id = $2"
                                     " AND organization = $3 AND archived_at IS NULL",
                                     {now_seconds, id, organization}),
                 "project");
}

Result<Page<Project>> list(Session& session, const Filter& filter, const PageRequest& request) {
  PageQuery query(kSelect, "seq", request);
  query.where("organization = ?", filter.organization);
  if (!filter.with_archived) query.where("COALESCE(archived_at, 0) = ?", 0);
  auto cursors = query.between([&](const std::string& id, const char* parameter) {
    return cursor_seq(session, filter, id, parameter);
  });
  if (!cursors) return fail(std::move(cursors.error()));
  return query.run(session, from_row);
}

}  // namespace projects
}  // namespace store
