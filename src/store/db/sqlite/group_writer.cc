#include "store/db/sqlite/group_writer.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/limits/store.h"
#include "base/log.h"

namespace store::sqlite {
namespace {

using namespace std::chrono_literals;

// A checkpoint copies the log into the database file and costs a sync or two: done when nobody
// waits and it is worth it, and at the latest when the log has grown so that reading it slows down.
constexpr int kWalPagesIdle = 1'000;    // 4 MiB of 4 KiB pages
constexpr int kWalPagesForced = 8'000;  // 32 MiB
constexpr auto kIdleTime = 20ms;        // no write for this long is "nobody waits"
// Callers of the last group come back within this time, so waiting for them makes groups of full
// size instead of one of 1 followed by one of N-1. A tenth of what a sync costs.
constexpr auto kGatherTime = 300us;

[[noreturn]] void stop_acknowledging(const char* during) {
  // The kernel may have dropped the pages that failed to reach the disk; trying again could seem
  // to succeed. Ending the process and recovering from the log is the only safe way on (R6).
  LOG(Error, "database: a write did not reach the disk during {}; stopping", during);
  std::abort();
}

bool is_io_error(int code) {
  // SHMSIZE is about the shared memory index, which is rebuilt at will and holds nothing durable.
  return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_SHMSIZE;
}

int remember_wal_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

GroupWriter::GroupWriter(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {
  sqlite3_wal_hook(connection_->handle(), remember_wal_pages, &wal_pages_);
  thread_ = std::thread([this] { loop(); });
}

GroupWriter::~GroupWriter() {
  close();
}

void GroupWriter::submit(QueuedWrite write) {
  std::unique_lock lock(mutex_);
  const bool full = queue_.size() >= limits::store_write_queue_max;
  if (closing_ || full) {
    const char* message = closing_ ? "The server is shutting down." : "The storage is busy.";
    lock.unlock();
    write.done(std::unexpected(Error{ErrorCode::Overloaded, message, {}, {}, 1000}));
    return;
  }
  queue_.push_back(std::move(write));
  lock.unlock();
  wake_.notify_one();
}

void GroupWriter::close() {
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void GroupWriter::loop() {
  std::vector<QueuedWrite> group;
  while (next_group(group)) {
    if (group.empty()) {
      checkpoint();
      continue;
    }
    commit_group(group);
    group.clear();
    if (wal_pages_ - wal_pages_tried_ >= kWalPagesForced) checkpoint();
  }
  checkpoint();
  connection_.reset();
}

// Waits for writes. False when closed and drained; an empty group when idle with a log worth
// writing back.
bool GroupWriter::next_group(std::vector<QueuedWrite>& group) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return closing_ || !queue_.empty(); };
  if (wal_pages_ - wal_pages_tried_ >= kWalPagesIdle) {
    if (!wake_.wait_for(lock, kIdleTime, ready)) return true;
  }
  wake_.wait(lock, ready);
  if (queue_.empty()) return false;
  if (group_size_last_ > 1 && !closing_) {
    wake_.wait_for(lock, kGatherTime,
                   [&] { return closing_ || queue_.size() >= group_size_last_; });
  }
  const std::size_t count = std::min(queue_.size(), limits::store_write_group_max);
  group.assign(std::make_move_iterator(queue_.begin()),
               std::make_move_iterator(queue_.begin() + static_cast<std::ptrdiff_t>(count)));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  group_size_last_ = count;
  return true;
}

void GroupWriter::commit_group(std::vector<QueuedWrite>& group) {
  std::vector<Status> results(group.size());
  std::size_t settled = 0;
  while (settled < group.size()) {
    settled +=
        run_transaction(std::span(group).subspan(settled), std::span(results).subspan(settled));
  }
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(std::move(results[i]));
}

std::size_t GroupWriter::run_transaction(std::span<QueuedWrite> writes, std::span<Status> results) {
  if (auto begun = connection_->execute("BEGIN IMMEDIATE"); !begun) {
    if (is_io_error(connection_->last_code())) stop_acknowledging("begin");
    std::ranges::fill(results, Status(fail(begun.error())));
    return writes.size();
  }
  for (std::size_t i = 0; i < writes.size(); ++i) {
    results[i] = run_one(writes[i]);
    if (connection_->saw_fatal()) stop_acknowledging("a write");
    if (!connection_->in_transaction()) {
      // A full disk or a read error made SQLite undo the whole transaction: all that ran so far
      // fail, the rest run in the next one.
      if (results[i]) results[i] = fail(ErrorCode::StorageFailed, "The server's storage failed.");
      std::ranges::fill(results.first(i), Status(results[i]));
      return i + 1;
    }
  }
  if (auto committed = commit(); !committed) {
    for (auto& result : results) {
      if (result) result = fail(committed.error());
    }
  }
  return writes.size();
}

// A closure that fails takes back only its own changes.
Status GroupWriter::run_one(QueuedWrite& write) {
  if (auto saved = connection_->execute("SAVEPOINT one"); !saved) return fail(saved.error());
  Status status = write.run(*connection_);
  if (!connection_->in_transaction()) return status;
  if (!status) {
    if (auto undone = connection_->execute("ROLLBACK TO one"); !undone) return fail(undone.error());
  }
  if (auto released = connection_->execute("RELEASE one"); !released) {
    return fail(released.error());
  }
  return status;
}

Status GroupWriter::commit() {
  auto committed = connection_->execute("COMMIT");
  if (committed) return {};
  if (is_io_error(connection_->last_code())) stop_acknowledging("commit");
  if (connection_->in_transaction()) {
    if (auto undone = connection_->execute("ROLLBACK"); !undone) stop_acknowledging("rollback");
  }
  return fail(committed.error());
}

void GroupWriter::checkpoint() {
  int in_log = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  if (is_io_error(code)) {
    describe_error(connection_->handle(), code);
    stop_acknowledging("checkpoint");
  }
  if (code != SQLITE_OK && code != SQLITE_BUSY) describe_error(connection_->handle(), code);
  // All copied: the next write starts the log anew. Else a reader holds an old snapshot; try again
  // when the log has grown further.
  if (code == SQLITE_OK && in_log == copied) {
    wal_pages_ = 0;
    wal_pages_tried_ = 0;
  } else {
    wal_pages_tried_ = wal_pages_;
  }
}

}  // namespace store::sqlite
