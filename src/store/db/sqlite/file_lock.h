// An exclusive lock on a file that ends with the process, however it ends.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace store::sqlite {

class FileLock {
 public:
  // Creates the file when absent. Conflict when another holder lives, also a second later.
  static Result<FileLock> acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace store::sqlite
