// The organization, projects and keys of an installation: made at first start, managed from the
// command line. Blocking.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "gateway/caller.h"
#include "store/db/database.h"
#include "store/repo/keys.h"
#include "store/repo/projects.h"

namespace gateway {

struct NewKey {
  store::Key key;
  std::string secret;  // shown once, kept nowhere
};

// Lives as long as the database. One thread at a time.
class Access {
 public:
  Access(store::Database& database, base::IdGenerator& ids, const base::Clock& clock)
      : database_(database), ids_(ids), clock_(clock) {}

  // Makes the default organization and project if they are not there yet. Idempotent.
  Status ensure_defaults();
  // The caller of the default project: for unauthenticated mode.
  Result<Caller> default_caller();
  bool has_keys();

  struct KeyOptions {
    std::string project = "default";  // by name; made if absent; ignored for admin keys
    bool admin = false;
    std::optional<std::string>
        secret;  // a secret of the operator's choosing instead of a random one
  };
  // With a chosen secret that is there already: that key, and nothing changes.
  Result<NewKey> create_key(const KeyOptions& options);
  Result<std::vector<store::Key>> list_keys();
  Status revoke_key(const base::KeyId& id);
  // Names of all projects by id.
  Result<std::vector<store::Project>> list_projects();

 private:
  store::Database& database_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace gateway
