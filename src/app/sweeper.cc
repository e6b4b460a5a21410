#include "app/sweeper.h"

#include "base/log.h"
#include "jobs/blob_sweep.h"

namespace app {

Sweeper::Sweeper(store::Database& database, blob::BlobStore& blobs, const base::Clock& clock,
                 std::vector<jobs::ExpiringKind> kinds, std::chrono::seconds interval)
    : database_(database),
      blobs_(blobs),
      clock_(clock),
      kinds_(std::move(kinds)),
      interval_(interval),
      thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

void Sweeper::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    sweep();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, interval_, [] { return false; });
  }
}

void Sweeper::sweep() {
  const std::int64_t now = clock_.unix_seconds();
  const auto expired = jobs::sweep_expired(database_, kinds_, now);
  if (!expired) {
    LOG(Error, "sweeper: {}", expired.error().message);
    return;
  }
  // A round later than their last use, so that a burst of deletes is not also a burst of unlinks.
  const auto contents = jobs::sweep_unused_blobs(database_, blobs_, now - interval_.count() + 1);
  if (!contents) LOG(Error, "sweeper: {}", contents.error().message);
  if (*expired > 0 || contents.value_or(0) > 0) {
    LOG(Info, "sweeper: {} expired objects, {} unused contents removed", *expired,
        contents.value_or(0));
  }
}

}  // namespace app
