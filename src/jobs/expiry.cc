#include "jobs/expiry.h"

#include <algorithm>

#include "base/log.h"
#include "store/repo/events.h"
#include "store/repo/items.h"

namespace jobs {
namespace {

constexpr std::size_t kObjectsPerRound = 100;
constexpr std::int64_t kPostponeSeconds = 24 * 3600;

Status remove_one(store::Database& database, const std::vector<ExpiringKind>& kinds,
                  const store::DocumentKey& key, std::int64_t now_seconds) {
  const auto found = std::ranges::find(kinds, key.kind, &ExpiringKind::kind);
  return database.write_blocking([&](store::Transaction& transaction) -> Status {
    if (found == kinds.end()) return remove_object(transaction, key);
    return found->remove(transaction, key, now_seconds);
  });
}

}  // namespace

Status remove_object(store::Transaction& transaction, const store::DocumentKey& key) {
  if (auto status = store::documents::remove(transaction, key); !status) return status;
  if (auto status = store::items::remove_all(transaction, {key.project, key.id}); !status)
    return status;
  return store::events::remove_all(transaction, {key.project, key.id});
}

Result<std::size_t> sweep_expired(store::Database& database, const std::vector<ExpiringKind>& kinds,
                                  std::int64_t now_seconds) {
  std::size_t removed = 0;
  while (true) {
    auto keys = database.read_blocking([&](store::Session& session) {
      return store::documents::expired(session, now_seconds, kObjectsPerRound);
    });
    if (!keys) return fail(std::move(keys.error()));
    for (const auto& key : *keys) {
      const auto status = remove_one(database, kinds, key, now_seconds);
      if (status) ++removed;
      // Somebody deleted it meanwhile.
      if (status || status.error().code == ErrorCode::NotFound) continue;
      LOG(Error, "expiry: {} {} cannot be removed: {}", key.kind, key.id, status.error().message);
      // Out of the way of those behind it.
      auto postponed = database.write_blocking([&](store::Transaction& transaction) {
        return store::documents::set_expiry(transaction, key, now_seconds + kPostponeSeconds);
      });
      if (!postponed) return fail(std::move(postponed.error()));
    }
    if (keys->size() < kObjectsPerRound) return removed;
  }
}

}  // namespace jobs
