// The Database on SQLite: a pool of read connections, and one writer thread that commits groups.
// One serving process per file.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "store/db/database.h"

namespace store {

struct SqliteOptions {
  std::string path = {};    // of the database file; its folder must exist
  std::string vfs = {};     // SQLite's file layer by name; empty is the system's. For fault tests
  std::size_t readers = 4;  // read connections
  bool check_on_open = false;  // quick_check before serving: reads every page
  // False for short administrative work beside a process that serves the same file.
  bool lock = true;
};

// Locks the file against other processes, recovers what a crash left, brings the schema up to date.
// Conflict: another process has it. Unsupported: written by a newer program. CorruptData: damaged,
// nothing is served (R9).
Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options);

}  // namespace store
