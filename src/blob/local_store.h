// The BlobStore in a local directory.
#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "blob/blob_store.h"

namespace blob {

// A folder that only one process uses: open the database beside it first, its lock says so. Creates
// the folder, and removes unfinished files of an earlier run. `random` must allow any thread.
Result<std::unique_ptr<BlobStore>> open_local(const std::string& folder, base::Random& random);

}  // namespace blob
