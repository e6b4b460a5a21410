#include "store/db/sqlite/reader_pool.h"

#include "base/limits/store.h"

namespace store::sqlite {

Result<ReaderPool::Lease> ReaderPool::borrow() {
  std::unique_lock lock(mutex_);
  if (!returned_.wait_for(lock, limits::store_busy_time_max, [&] { return !free_.empty(); })) {
    return fail(Error{ErrorCode::Overloaded, "The storage is busy.", {}, {}, 1000});
  }
  auto connection = std::move(free_.back());
  free_.pop_back();
  return Lease(*this, std::move(connection));
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  {
    std::scoped_lock lock(mutex_);
    free_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

}  // namespace store::sqlite
