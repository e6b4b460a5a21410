// The indexes of all stores that were searched or filled lately, within a bound of memory; large
// ones are kept between starts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "base/guarded.h"
#include "base/limits/vector.h"
#include "vector/index.h"
#include "vector/shelf.h"

namespace vector {

// Lifetime: owned by app; what it is made of outlives it. Any thread.
class Indexes {
 public:
  struct Options {
    std::size_t bytes_max = limits::vector_index_bytes_max;
    std::size_t kept_min = limits::vector_index_kept_min;  // chunks of an index that is kept
    // How long nothing is added before an index is kept as it is.
    std::chrono::milliseconds calm = std::chrono::seconds(5);
  };
  Indexes(store::Database& database, blob::BlobStore& blobs, const base::Clock& clock)
      : Indexes(database, blobs, clock, Options()) {}
  Indexes(store::Database& database, blob::BlobStore& blobs, const base::Clock& clock,
          Options options)
      : database_(database), shelf_(database, blobs, clock), options_(options) {}
  ~Indexes();

  // With everything that was searchable at the call. Shared with those who search it meanwhile;
  // another may take its place. Blocks.
  Result<std::shared_ptr<const Index>> fresh(const store::chunks::StoreKey& key);
  const Terms& terms() const { return terms_; }

  // After the commit that made chunks searchable: reads them and keeps the index, in background.
  void grown(const store::chunks::StoreKey& key);
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
    bool tended = false;   // `tend` is queued
    std::size_t kept = 0;  // chunks of the snapshot
    std::optional<base::asio::steady_timer> calm = {};
  };
  struct Entries {
    std::map<Key, Entry> by_store;
    std::uint64_t uses = 0;
  };

  std::shared_ptr<Index> make_index(const store::chunks::StoreKey& key) const;
  std::shared_ptr<Index> of(const store::chunks::StoreKey& key);
  void begin(const store::chunks::StoreKey& key, Index& index);
  void make_room(Entries& entries, const Key& keep) const;
  void rebuild(const store::chunks::StoreKey& key);
  void tend(const store::chunks::StoreKey& key);
  void keep(const store::chunks::StoreKey& key);

  store::Database& database_;
  const Shelf shelf_;
  const Options options_;
  const Terms terms_;
  std::atomic<bool> stopping_ = false;
  base::Guarded<Entries> entries_;
  base::asio::thread_pool background_{1};  // last: it uses the others
};

}  // namespace vector
