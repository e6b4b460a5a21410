// One SQLite connection: prepared statements kept by their text, parameters bound, errors turned
// into ours. Knows no transactions and no threads.
#pragma once

#include <sqlite3.h>

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "store/db/session.h"

namespace store::sqlite {

// What an SQLite result code means to a caller. Logs what an operator should know; the message
// names neither paths nor SQL. The last error of `handle` is the one described.
Error describe_error(sqlite3* handle, int code);

// True for the codes after which the state of the disk is unknown and going on would risk
// acknowledging what is not there: a failed sync, whatever asked for it.
bool is_fatal(int extended_code);

// Lifetime: owned by the database. One thread at a time. Invariant: no statement is left running
// between calls.
class Connection final : public Transaction {
 public:
  struct Options {
    std::string path;
    std::string vfs = {};  // empty: SQLite's own
    bool writable = false;
    std::int64_t cache_bytes = 0;
  };

  static Result<std::unique_ptr<Connection>> open(const Options& options);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::int64_t> run(std::string_view sql, std::span<const Param> params,
                           const OnRow& on_row) override;

  // Several statements without parameters, for pragmas and migrations.
  Status run_script(const std::string& script);

  // The extended code of the last call, SQLITE_OK when it succeeded.
  int last_code() const { return last_code_; }
  // True once any call has failed in a way that is_fatal.
  bool saw_fatal() const { return saw_fatal_; }
  // False when SQLite has ended the transaction by itself (full disk, I/O error).
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  sqlite3* handle() const { return handle_; }

 private:
  struct Statement {
    std::string sql;
    sqlite3_stmt* handle = nullptr;
    std::vector<int> indexes;  // [i]: SQLite's index of `$i+1`; 0 when the SQL lacks it
  };

  explicit Connection(sqlite3* handle) : handle_(handle) {}
  Result<const Statement*> prepare(std::string_view sql);
  static int bind_all(const Statement& statement, std::span<const Param> params);
  Result<std::int64_t> failed(int code);

  sqlite3* handle_ = nullptr;
  int last_code_ = SQLITE_OK;
  bool saw_fatal_ = false;
  std::list<Statement> statements_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Statement>::iterator> by_sql_;  // views into them
};

}  // namespace store::sqlite
