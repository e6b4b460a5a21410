#include "store/db/sqlite/sqlite_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/log.h"
#include "store/db/sqlite/connection.h"
#include "store/db/sqlite/file_lock.h"
#include "store/db/sqlite/group_writer.h"
#include "store/db/sqlite/reader_pool.h"
#include "store/migrations/migrate.h"

namespace store {
namespace {

using sqlite::Connection;

constexpr std::int64_t kWriterCacheBytes = 64 << 20;
constexpr std::int64_t kReaderCacheBytes = 8 << 20;

constexpr Dialect kDialect{
    .serial_key = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .bytes = "BLOB",
    .clustered = "WITHOUT ROWID",
};

// The first complaint of a checking pragma as CorruptData.
Status check(Connection& connection, const char* pragma) {
  auto complaint = connection.query_one(pragma, {}, [](const Row& row) { return row.string(0); });
  if (!complaint) return fail(std::move(complaint.error()));
  if (!*complaint || **complaint == "ok") return {};
  LOG(Error, "database: {}: {}", pragma, **complaint);
  return fail(ErrorCode::CorruptData, "The stored data is damaged.", {}, "data_corrupt");
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::optional<sqlite::FileLock> lock, std::unique_ptr<Connection> writer)
      : lock_(std::move(lock)), writer_(std::move(writer)) {}
  ~SqliteDatabase() override { writer_.close(); }

  void add_reader(std::unique_ptr<Connection> reader) { readers_.add(std::move(reader)); }

  Status integrity_check() override {
    auto lease = readers_.borrow();
    if (!lease) return fail(std::move(lease.error()));
    if (auto status = check(**lease, "PRAGMA integrity_check(1)"); !status) return status;
    return check(**lease, "PRAGMA foreign_key_check");
  }

  void close() override { writer_.close(); }

 protected:
  Status read_session(const ReadBody& body) override {
    auto lease = readers_.borrow();
    if (!lease) return fail(std::move(lease.error()));
    Connection& connection = **lease;
    if (auto begun = connection.execute("BEGIN"); !begun) return fail(std::move(begun.error()));
    auto status = body(connection);
    if (connection.in_transaction()) {
      if (auto ended = connection.execute("ROLLBACK"); !ended && status) return fail(ended.error());
    }
    return status;
  }

  void submit(QueuedWrite write) override { writer_.submit(std::move(write)); }

 private:
  std::optional<sqlite::FileLock> lock_;  // released last
  sqlite::ReaderPool readers_;
  sqlite::GroupWriter writer_;
};

// Private to this user, as the log and index files beside it will be, and surely in its folder.
Status create_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(ErrorCode::StorageFailed, "The data directory cannot be written.");
  ::close(fd);
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder_fd >= 0 && ::fsync(folder_fd) == 0;
  if (folder_fd >= 0) ::close(folder_fd);
  if (!synced) return fail(ErrorCode::StorageFailed, "The data directory cannot be written.");
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options) {
  std::optional<sqlite::FileLock> lock;
  if (options.lock) {
    auto acquired = sqlite::FileLock::acquire(options.path + ".lock");
    if (!acquired) return fail(std::move(acquired.error()));
    lock.emplace(std::move(*acquired));
  }
  if (options.vfs.empty()) {
    if (auto status = create_file(options.path); !status) return fail(std::move(status.error()));
  }
  auto writer = Connection::open({.path = options.path,
                                  .vfs = options.vfs,
                                  .writable = true,
                                  .cache_bytes = kWriterCacheBytes});
  if (!writer) return fail(std::move(writer.error()));
  if (options.check_on_open) {
    if (auto status = check(**writer, "PRAGMA quick_check(1)"); !status) {
      return fail(std::move(status.error()));
    }
  }
  if (auto status = migrate(**writer, kDialect); !status) return fail(std::move(status.error()));

  auto database = std::make_unique<SqliteDatabase>(std::move(lock), std::move(*writer));
  for (std::size_t i = 0; i < options.readers; ++i) {
    auto reader = Connection::open(
        {.path = options.path, .vfs = options.vfs, .cache_bytes = kReaderCacheBytes});
    if (!reader) return fail(std::move(reader.error()));
    database->add_reader(std::move(*reader));
  }
  return database;
}

}  // namespace store
