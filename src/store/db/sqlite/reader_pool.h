// Read connections, lent one at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "store/db/sqlite/connection.h"

namespace store::sqlite {

// Any thread. Lent connections must be back before the pool ends.
class ReaderPool {
 public:
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (connection_) pool_.give_back(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  void add(std::unique_ptr<Connection> connection) { give_back(std::move(connection)); }
  // Waits for a free connection; Overloaded when none comes back within the limit.
  Result<Lease> borrow();

 private:
  void give_back(std::unique_ptr<Connection> connection);

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> free_;  // under mutex_; last in, first out: warm caches
};

}  // namespace store::sqlite
