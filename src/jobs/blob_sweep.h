// The garbage collector of file contents: removes the bytes that no object refers to.
#pragma once

#include <cstdint>

#include "blob/blob_store.h"
#include "store/db/database.h"

namespace jobs {

// Removes contents whose last reference ended before `before_seconds`; returns how many. Blocks.
// May run beside writers: a key that has been forgotten is never given out again.
Result<std::size_t> sweep_unused_blobs(store::Database& database, blob::BlobStore& blobs,
                                       std::int64_t before_seconds);

// Removes contents without a row, which a crash between storing and referring leaves. Only at
// start, before anything is written: a writer's contents have no row yet. Blocks; reads every key.
Result<std::size_t> sweep_orphan_blobs(store::Database& database, blob::BlobStore& blobs);

}  // namespace jobs
