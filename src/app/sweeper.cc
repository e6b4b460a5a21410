#include "app/sweeper.h"

#include "base/log.h"
#include "jobs/blob_sweep.h"
#include "jobs/queue.h"

namespace app {
namespace {

using namespace std::chrono_literals;

constexpr auto kEndedJobsKept = 7 * 24h;  // for whoever asks why something failed
constexpr std::size_t kJobsPerTransaction = 500;

// Forgets jobs that ended long ago.
Status forget_jobs(store::Database& database, std::int64_t now_seconds) {
  const std::int64_t before_ms =
      (now_seconds - std::chrono::seconds(kEndedJobsKept).count()) * 1'000;
  while (true) {
    auto forgotten = database.write_blocking([&](store::Transaction& transaction) {
      return jobs::queue::forget_ended(transaction, before_ms, kJobsPerTransaction);
    });
    if (!forgotten) return fail(std::move(forgotten.error()));
    if (*forgotten < static_cast<std::int64_t>(kJobsPerTransaction)) return {};
  }
}

}  // namespace

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
  const auto forgotten = forget_jobs(database_, now);
  if (!forgotten) LOG(Error, "sweeper: {}", forgotten.error().message);
  if (*expired > 0 || contents.value_or(0) > 0) {
    LOG(Info, "sweeper: {} expired objects, {} unused contents removed", *expired,
        contents.value_or(0));
  }
}

}  // namespace app
