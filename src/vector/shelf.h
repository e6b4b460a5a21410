// Where indexes are kept between starts: a blob for each large store, named by a row.
#pragma once

#include <functional>

#include "base/time.h"
#include "blob/blob_store.h"
#include "store/db/database.h"
#include "vector/index.h"

namespace vector {

// Lifetime: owned by Indexes. Any thread; every call blocks on the disk.
// Invariant: the row is the truth. A copy of the database from another day names the snapshot of
// that day or one that is gone, never a wrong one.
class Shelf {
 public:
  Shelf(store::Database& database, blob::BlobStore& blobs, const base::Clock& clock)
      : database_(database), blobs_(blobs), clock_(clock) {}

  // In place of what was kept before. NotFound, and nothing is kept, of a store that is gone, whose
  // time is over, or whose vectors are being made anew; nor when `is_wanted` says so, which is
  // asked in the transaction.
  using IsWanted = std::function<bool()>;
  Status save(const store::chunks::StoreKey& key, const Index& index,
              const IsWanted& is_wanted = {}) const;
  // NotFound when nothing is kept.
  Status load(const store::chunks::StoreKey& key, Index& index) const;
  // In the transaction that removes the store or ends its time.
  static Status remove(store::Transaction& transaction, const store::chunks::StoreKey& key,
                       std::int64_t now_seconds);

 private:
  store::Database& database_;
  blob::BlobStore& blobs_;
  const base::Clock& clock_;
};

}  // namespace vector
