// The collector of objects whose time is over: removes the row with everything that belongs to it.
// When something expires stands in its row, so nothing is forgotten over a restart.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/db/database.h"
#include "store/repo/documents.h"

namespace jobs {

// What a kind of object brings. `remove` takes the row away and all that belongs to it, in one
// transaction; or it gives the row another end, or none, when expiring is not the same as going.
struct ExpiringKind {
  std::string kind;
  std::function<Status(store::Transaction&, const store::DocumentKey&, std::int64_t now_seconds)>
      remove;
};

// Removes the row with the items and events that are stored under its id: enough for most kinds,
// and what happens to those that bring nothing.
Status remove_object(store::Transaction& transaction, const store::DocumentKey& key);

// Removes what has expired by `now_seconds`; returns how many. An object that cannot be removed is
// logged and tried again a day later. Blocks; any thread, one at a time.
Result<std::size_t> sweep_expired(store::Database& database, const std::vector<ExpiringKind>& kinds,
                                  std::int64_t now_seconds);

}  // namespace jobs
