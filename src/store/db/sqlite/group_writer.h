// The one writer of a database: a thread that runs queued closures, many to a transaction, and
// reports each only after the commit is on disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/db/database.h"
#include "store/db/sqlite/connection.h"

namespace store::sqlite {

// Lifetime: owned by the database; the destructor closes. `submit` and `close` on any thread.
// Invariant: `done(ok)` is called only after a successful sync of what the closure wrote; after a
// failed sync nothing is reported any more, the process ends (R6).
class GroupWriter {
 public:
  explicit GroupWriter(std::unique_ptr<Connection> connection);
  ~GroupWriter();

  void submit(QueuedWrite write);
  // Finishes what is queued, writes the log back into the database file, ends the thread.
  void close();

 private:
  void loop();
  bool next_group(std::vector<QueuedWrite>& group);
  void commit_group(std::vector<QueuedWrite>& group);
  // Runs closures from `first` in one transaction; returns how many of them it settled.
  std::size_t run_transaction(std::span<QueuedWrite> writes, std::span<Status> results);
  Status run_one(QueuedWrite& write);
  Status commit();
  void checkpoint();

  std::unique_ptr<Connection> connection_;  // writer thread only, as all below up to the mutex
  int wal_pages_ = 0;                       // in the write-ahead log since it was last emptied
  int wal_pages_tried_ = 0;                 // when a checkpoint was last attempted
  std::size_t group_size_last_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<QueuedWrite> queue_;  // under mutex_
  bool closing_ = false;           // under mutex_

  std::thread thread_;
};

}  // namespace store::sqlite
