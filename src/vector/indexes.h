// The indexes of all stores that were searched lately, within a bound of memory.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/async.h"
#include "base/guarded.h"
#include "base/limits/vector.h"
#include "vector/index.h"

namespace vector {

// Lifetime: owned by app; the database outlives it. Any thread.
class Indexes {
 public:
  explicit Indexes(store::Database& database,
                   std::size_t bytes_max = limits::vector_index_bytes_max)
      : database_(database), bytes_max_(bytes_max) {}
  ~Indexes() { rebuilding_.join(); }

  // Shared with those who search it meanwhile; another may take its place.
  std::shared_ptr<Index> of(const store::chunks::StoreKey& key);
  // After the commit that hid these sets.
  void forget(const store::chunks::StoreKey& key, std::span<const std::int64_t> sets);
  // The store is gone.
  void drop(const store::chunks::StoreKey& key);

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    std::shared_ptr<Index> index;
    std::uint64_t last_used = 0;
    bool rebuilding = false;
  };
  struct Entries {
    std::map<Key, Entry> by_store;
    std::uint64_t uses = 0;
  };

  void make_room(Entries& entries, const Key& keep) const;
  void rebuild(const store::chunks::StoreKey& key);

  store::Database& database_;
  const std::size_t bytes_max_;
  base::Guarded<Entries> entries_;
  base::asio::thread_pool rebuilding_{1};  // last: it uses the others
};

}  // namespace vector
