// The indexes of all stores that were searched or filled lately, within a bound of memory; large
// ones are kept between starts.
#pragma once

#include <boost/asio/strand.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  // another may take its place. Who waits for rows of a store to be read holds no thread.
  base::awaitable<Result<std::shared_ptr<const Index>>> fresh(store::chunks::StoreKey key);
  const Terms& terms() const { return terms_; }

  // None of these waits for an index.

  // After the commit that made chunks searchable: reads them and keeps the index, in background.
  void grown(const store::chunks::StoreKey& key);
  // After the commit that hid these sets.
  void forget(const store::chunks::StoreKey& key, std::span<const std::int64_t> sets);
  // The store is gone, or its rows are others now. What was being kept of it no longer is.
  void drop(const store::chunks::StoreKey& key);

 private:
  using Key = std::pair<std::string, std::string>;
  using Pool = base::asio::thread_pool;
  using Strand = base::asio::strand<Pool::executor_type>;
  struct Entry {
    std::shared_ptr<Index> index;
    std::shared_ptr<Index> anew;   // that is to take its place; null while none is made
    std::optional<Strand> strand;  // one reader of the store's rows at a time, in `reading_`
    std::uint64_t last_used = 0;
    bool tended = false;   // `tend` is queued
    std::size_t kept = 0;  // chunks of the snapshot
    std::optional<base::asio::steady_timer> calm = {};
  };
  struct Entries {
    std::map<Key, Entry> by_store;
    std::uint64_t uses = 0;
  };
  struct Opened {
    std::shared_ptr<Index> index;
    Strand strand;
  };

  std::shared_ptr<Index> make_index(const store::chunks::StoreKey& key) const;
  Opened of(const store::chunks::StoreKey& key);
  void begin(const store::chunks::StoreKey& key, Index& index);
  base::awaitable<Status> read(store::chunks::StoreKey key, std::shared_ptr<Index> index);
  std::vector<Entry> make_room(Entries& entries, const Key& keep) const;
  void let_go(std::vector<Entry> entries);
  void rebuild(const store::chunks::StoreKey& key, const std::shared_ptr<Index>& anew);
  base::awaitable<void> tend(store::chunks::StoreKey key);
  bool is_to_be_kept_now(const store::chunks::StoreKey& key, std::size_t size);
  void keep(const store::chunks::StoreKey& key);

  store::Database& database_;
  const Shelf shelf_;
  const Options options_;
  const Terms terms_;
  std::atomic<bool> stopping_ = false;
  base::Guarded<Entries> entries_;
  // Last: they use the others. What somebody waits for, and what nobody does.
  Pool reading_{2}, background_{1};
};

}  // namespace vector
