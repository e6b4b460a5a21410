// For tests only: a database in a folder of its own that goes away with it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "store/db/sqlite/sqlite_database.h"

namespace store::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where that can be had: syncs cost nothing there, and what they are for is tested
    // with a file layer that forgets (power_loss_test.cc).
    const std::filesystem::path memory = "/dev/shm";
    const auto base =
        ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (base / "parlance-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct TemporaryDatabase {
  TemporaryFolder folder;
  std::unique_ptr<Database> database = open();

  std::unique_ptr<Database> open() {
    auto opened = open_sqlite({.path = folder.file("test.db")});
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    return std::move(*opened);
  }
  // As after a clean stop and a new start.
  void reopen() {
    database.reset();
    database = open();
  }
  Database& operator*() { return *database; }
  Database* operator->() { return database.get(); }
};

}  // namespace store::testing
