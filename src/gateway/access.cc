#include "gateway/access.h"

#include "base/limits/request.h"

namespace gateway {
namespace {

// There is one organization until the administration API makes more; its id and the default
// project's are fixed so that first start needs no look-up.
const base::OrganizationId kOrganization{"org-parlance"};
const base::ProjectId kDefaultProject{"proj_default"};

constexpr std::size_t kSecretCharsMin = 16;

// Every page of a list, one after the other.
template <class T, class Fetch>
Result<std::vector<T>> all_pages(store::Session& session, const Fetch& fetch) {
  std::vector<T> out;
  store::PageRequest request;
  request.limit = limits::list_page_max;
  while (true) {
    auto page = fetch(session, request);
    if (!page) return fail(page.error());
    for (auto& entry : page->entries) out.push_back(std::move(entry));
    if (!page->has_more) return out;
    request.after = out.back().id.value;
  }
}

Result<std::vector<store::Project>> projects_of(store::Session& session) {
  return all_pages<store::Project>(
      session, [](store::Session& s, const store::PageRequest& request) {
        return store::projects::list(s, {.organization = kOrganization}, request);
      });
}

// The project of that name; made when there is none.
Result<base::ProjectId> project_named(store::Transaction& transaction, const std::string& name,
                                      base::IdGenerator& ids, std::int64_t now) {
  if (name == "default") return kDefaultProject;
  auto existing = projects_of(transaction);
  if (!existing) return fail(existing.error());
  for (const auto& project : *existing) {
    if (project.name == name) return project.id;
  }
  const base::ProjectId id{ids.object("proj")};
  auto created = store::projects::create(
      transaction, {.id = id, .organization = kOrganization, .name = name, .created_at = now});
  if (!created) return fail(created.error());
  return id;
}

}  // namespace

Status Access::ensure_defaults() {
  const std::int64_t now = clock_.unix_seconds();
  return database_.write_blocking([&](store::Transaction& transaction) -> Status {
    if (store::organizations::get(transaction, kOrganization)) return {};
    auto made = store::organizations::create(
        transaction, {.id = kOrganization, .name = "default", .created_at = now});
    if (!made) return made;
    return store::projects::create(transaction, {.id = kDefaultProject,
                                                 .organization = kOrganization,
                                                 .name = "default",
                                                 .created_at = now});
  });
}

Result<Caller> Access::default_caller() {
  return Caller{
      .organization = kOrganization, .project = kDefaultProject, .key = {}, .admin = true};
}

bool Access::has_keys() {
  auto keys = list_keys();
  return keys && !keys->empty();
}

Result<NewKey> Access::create_key(const KeyOptions& options) {
  if (options.secret && options.secret->size() < kSecretCharsMin) {
    return fail(ErrorCode::InvalidRequest, "A chosen key must have at least 16 characters.",
                "secret");
  }
  const std::int64_t now = clock_.unix_seconds();
  const std::string secret = options.secret ? *options.secret : ids_.secret_key();
  return database_.write_blocking([&](store::Transaction& transaction) -> Result<NewKey> {
    if (options.secret) {
      if (auto existing = store::keys::authenticate(transaction, secret))
        return NewKey{*existing, secret};
    }
    store::Key key;
    key.id = {ids_.object("key")};
    key.kind = options.admin ? store::KeyKind::Admin : store::KeyKind::Project;
    key.organization = kOrganization;
    key.created_at = now;
    if (!options.admin) {
      auto project = project_named(transaction, options.project, ids_, now);
      if (!project) return fail(project.error());
      key.project = *project;
    }
    if (auto added = store::keys::add(transaction, key, secret); !added) return fail(added.error());
    return NewKey{std::move(key), secret};
  });
}

Result<std::vector<store::Key>> Access::list_keys() {
  return database_.read_blocking([](store::Session& session) -> Result<std::vector<store::Key>> {
    auto projects = projects_of(session);
    if (!projects) return fail(projects.error());
    std::vector<store::Key> out;
    const auto append = [&](const store::keys::Filter& filter) -> Status {
      auto keys =
          all_pages<store::Key>(session, [&](store::Session& s, const store::PageRequest& request) {
            return store::keys::list(s, filter, request);
          });
      if (!keys) return fail(keys.error());
      out.insert(out.end(), keys->begin(), keys->end());
      return {};
    };
    if (auto status = append({.organization = kOrganization, .kind = store::KeyKind::Admin});
        !status) {
      return fail(status.error());
    }
    for (const auto& project : *projects) {
      auto status = append(
          {.organization = kOrganization, .kind = store::KeyKind::Project, .project = project.id});
      if (!status) return fail(status.error());
    }
    return out;
  });
}

Status Access::revoke_key(const base::KeyId& id) {
  const std::int64_t now = clock_.unix_seconds();
  return database_.write_blocking(
      [&](store::Transaction& transaction) { return store::keys::revoke(transaction, id, now); });
}

Result<std::vector<store::Project>> Access::list_projects() {
  return database_.read_blocking([](store::Session& session) { return projects_of(session); });
}

}  // namespace gateway
