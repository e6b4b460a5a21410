#include "app/storage.h"

#include <filesystem>

#include <fmt/format.h>

#include "store/db/sqlite/sqlite_database.h"

namespace app {

Result<std::unique_ptr<store::Database>> open_storage(const StorageOptions& options) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::create_directories(options.data, error))
    fs::permissions(options.data, fs::perms::owner_all, error);
  if (error) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("the data directory {} cannot be made: {}. Choose another with --data.",
                            options.data, error.message()));
  }
  return store::open_sqlite(
      {.path = options.data + "/parlance.db", .lock = !options.beside_server});
}

}  // namespace app
