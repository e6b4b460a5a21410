// The schema: numbered migrations, each a transaction of its own, so that a kill in between leaves
// either the old or the new version and the next start goes on.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/db/session.h"

namespace store {

// The three words in which the drivers' CREATE TABLE differ. A migration writes @serial_key@,
// @bytes@ and @clustered@.
struct Dialect {
  std::string_view serial_key;  // a 64-bit primary key that only grows
  std::string_view bytes;       // the type of byte strings
  std::string_view clustered;   // after the table: rows live in the primary key's order
};

struct Migration {
  int version;
  std::span<const std::string_view> statements;
};

// All migrations, oldest first, versions 1, 2, 3...
std::span<const Migration> all_migrations();

// Brings the schema from its version to the last of `migrations`. Unsupported, and nothing
// changed, when the database is newer than that. `connection` is outside a transaction.
Status migrate(Transaction& connection, const Dialect& dialect,
               std::span<const Migration> migrations = all_migrations());

}  // namespace store
