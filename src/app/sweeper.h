// Removes what has expired and the contents nobody refers to, from time to time, while the server
// runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/time.h"
#include "blob/blob_store.h"
#include "jobs/expiry.h"
#include "store/db/database.h"

namespace app {

// A thread of its own, from construction to destruction: the first round at once, which makes up
// for what expired while no server ran.
class Sweeper {
 public:
  Sweeper(store::Database& database, blob::BlobStore& blobs, const base::Clock& clock,
          std::vector<jobs::ExpiringKind> kinds, std::chrono::seconds interval);

 private:
  void run(std::stop_token stop);
  void sweep();

  store::Database& database_;
  blob::BlobStore& blobs_;
  const base::Clock& clock_;
  const std::vector<jobs::ExpiringKind> kinds_;
  const std::chrono::seconds interval_;
  std::mutex mutex_;
  std::condition_variable_any wake_;  // only ever by the stop
  std::jthread thread_;               // last: it ends before the rest goes
};

}  // namespace app
