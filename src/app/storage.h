// The data directory and the database in it.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "store/db/database.h"

namespace app {

// Makes the directory if absent (readable by its owner only) and opens the database.
// `beside_server`: for short administrative work while a server may be running on the same
// directory.
struct StorageOptions {
  std::string data;
  bool beside_server = false;
};
Result<std::unique_ptr<store::Database>> open_storage(const StorageOptions& options);

}  // namespace app
