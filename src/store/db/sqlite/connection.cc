#include "store/db/sqlite/connection.h"

#include "base/check.h"
#include "base/limits/store.h"
#include "base/log.h"

namespace store::sqlite {
namespace {

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const override {
    const auto* data = sqlite3_column_text(statement_, column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  Bytes bytes(int column) const override {
    const auto* data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) return {};
    return {static_cast<const std::byte*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind_value(sqlite3_stmt* statement, int index, const Param& param) {
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
    int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
    int operator()(std::string_view text) const {
      // A null pointer would bind NULL; an empty text is not null.
      return sqlite3_bind_text64(statement, index, text.data() ? text.data() : "", text.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(Bytes bytes) const {
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
      return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
  };
  return std::visit(Binder{statement, index}, param.value());
}

// `$3` is a name to SQLite, numbered by first appearance: this maps numbers to its indexes.
std::vector<int> parameter_indexes(sqlite3_stmt* statement) {
  const int count = sqlite3_bind_parameter_count(statement);
  std::vector<int> indexes;
  for (int i = 1; i <= count; ++i) {
    const std::string name = "$" + std::to_string(i);
    indexes.push_back(sqlite3_bind_parameter_index(statement, name.c_str()));
  }
  return indexes;
}

struct ResetStatement {
  sqlite3_stmt* statement;
  ~ResetStatement() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

Error describe_error(sqlite3* handle, int code) {
  const auto log = [&] {
    LOG(Error, "database: {} (code {}, system error {})",
        handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code), code,
        handle ? sqlite3_system_errno(handle) : 0);
  };
  switch (code & 0xff) {
    case SQLITE_FULL:
      log();
      return {ErrorCode::StorageFailed, "The server's storage is full.", {}, "storage_full"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      log();
      return {ErrorCode::CorruptData, "The stored data is damaged.", {}, "data_corrupt"};
    case SQLITE_CONSTRAINT: return {ErrorCode::Conflict, "The object exists already.", {}, {}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {ErrorCode::Overloaded, "The storage is busy.", {}, {}, 1000};
    case SQLITE_TOOBIG: return {ErrorCode::TooLarge, "The object is too large to store.", {}, {}};
    case SQLITE_NOMEM:
      log();
      return {ErrorCode::ResourceExhausted, "The server is out of memory.", {}, {}};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      log();
      return {ErrorCode::StorageFailed, "The server's storage failed.", {}, "storage_failed"};
    default: log(); return {ErrorCode::Internal, "The storage failed.", {}, {}};
  }
}

bool is_fatal(int extended_code) {
  return extended_code == SQLITE_IOERR_FSYNC || extended_code == SQLITE_IOERR_DIR_FSYNC;
}

Result<std::unique_ptr<Connection>> Connection::open(const Options& options) {
  sqlite3* handle = nullptr;
  // NOMUTEX: a Connection is used by one thread at a time.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options.writable ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) return fail(describe_error(handle, code));

  sqlite3_busy_timeout(handle, static_cast<int>(limits::store_busy_time_max.count()));
  // temp_store stays FILE: undo data of large closures in memory makes SQLite 3.40 walk all of it
  // after each statement, which is quadratic (64 KiB of it stay in memory in any case).
  // No automatic checkpoint: SQLite ignores its errors, and a failed sync must stop us (R6).
  std::string script =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
      "PRAGMA secure_delete=FAST; PRAGMA trusted_schema=OFF;"
      "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-" +
      std::to_string(options.cache_bytes / 1024) + ";";
  if (!options.writable) script = "PRAGMA query_only=ON;" + script;
  if (auto status = connection->run_script(script); !status) return fail(status.error());
  auto mode = connection->query_one("PRAGMA journal_mode", {},
                                    [](const Row& row) { return row.string(0); });
  if (!mode) return fail(mode.error());
  if (*mode != "wal") {
    LOG(Error, "database: journal mode is '{}', not 'wal'", mode->value_or(""));
    return fail(ErrorCode::StorageFailed, "The database cannot be used in this place.");
  }
  return connection;
}

Connection::~Connection() {
  for (const auto& statement : statements_) sqlite3_finalize(statement.handle);
  sqlite3_close(handle_);
}

Result<std::int64_t> Connection::failed(int code) {
  last_code_ = code;
  saw_fatal_ = saw_fatal_ || is_fatal(code);
  return fail(describe_error(handle_, code));
}

Result<const Connection::Statement*> Connection::prepare(std::string_view sql) {
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) {
    statements_.splice(statements_.begin(), statements_, found->second);
    return &*found->second;
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return fail(failed(code).error());
  CHECK(handle != nullptr);  // an empty statement
  statements_.push_front({std::string(sql), handle, parameter_indexes(handle)});
  by_sql_.emplace(statements_.front().sql, statements_.begin());
  if (statements_.size() > limits::store_statements_max) {
    sqlite3_finalize(statements_.back().handle);
    by_sql_.erase(statements_.back().sql);
    statements_.pop_back();
  }
  return &statements_.front();
}

int Connection::bind_all(const Statement& statement, std::span<const Param> params) {
  CHECK(params.size() <= statement.indexes.size());  // a parameter that the SQL does not mention
  for (std::size_t i = 0; i < params.size(); ++i) {
    CHECK(statement.indexes[i] > 0);
    const int code = bind_value(statement.handle, statement.indexes[i], params[i]);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

Result<std::int64_t> Connection::run(std::string_view sql, std::span<const Param> params,
                                     const OnRow& on_row) {
  last_code_ = SQLITE_OK;
  auto prepared = prepare(sql);
  if (!prepared) return fail(std::move(prepared.error()));
  sqlite3_stmt* const statement = (*prepared)->handle;
  const ResetStatement reset{statement};
  if (const int code = bind_all(**prepared, params); code != SQLITE_OK) return failed(code);

  const auto changes_before = sqlite3_total_changes64(handle_);
  const SqliteRow row(statement);
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) return failed(code);
    if (!on_row) continue;
    if (auto status = on_row(row); !status) return fail(std::move(status.error()));
  }
  return sqlite3_total_changes64(handle_) - changes_before;
}

Status Connection::run_script(const std::string& script) {
  last_code_ = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  if (last_code_ != SQLITE_OK) return fail(failed(last_code_).error());
  return {};
}

}  // namespace store::sqlite
