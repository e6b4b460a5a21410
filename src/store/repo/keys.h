// Secret keys, stored as a digest only. Which routes a key opens is the gateway's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/db/session.h"
#include "store/repo/page.h"

namespace store {

enum class KeyKind { Project, Admin };

struct Key {
  base::KeyId id;
  KeyKind kind = KeyKind::Project;
  base::OrganizationId organization = {};
  base::ProjectId project = {};  // empty for an admin key
  std::string owner = {};        // id of the user or service account
  std::string name = {};
  std::string masked = {};  // what may be shown: "sk-abc...wxyz"; set by add
  std::int64_t created_at = 0;
  std::optional<std::int64_t> last_used_at = {};
  std::optional<std::int64_t> revoked_at = {};
  std::string body = "{}";  // JSON: whatever else belongs to it (scopes)
};

namespace keys {

// Stores the key whose secret is `secret`, of which only SHA-256 is kept: with 48 random characters
// there is nothing to guess, so a slow hash would only cost the server. Conflict when it exists.
Status add(Transaction& transaction, Key& key, std::string_view secret);

// The living key of that secret; NotFound when nobody has it or it is revoked (the same to the
// caller). The digest is compared in constant time.
Result<Key> authenticate(Session& session, std::string_view secret);

Result<Key> get(Session& session, const base::KeyId& id);

struct Filter {
  base::OrganizationId organization = {};
  KeyKind kind = KeyKind::Project;
  base::ProjectId project = {};  // empty for admin keys
};
// Without revoked ones. NotFound with param `after` or `before` for an unknown cursor.
Result<Page<Key>> list(Session& session, const Filter& filter, const PageRequest& request);

// Final. NotFound when there is no such key or it is revoked already.
Status revoke(Transaction& transaction, const base::KeyId& id, std::int64_t now_seconds);
// Never moves the time back. Callers keep it to once a minute per key.
Status touch(Transaction& transaction, const base::KeyId& id, std::int64_t now_seconds);

std::string mask(std::string_view secret);

}  // namespace keys
}  // namespace store
