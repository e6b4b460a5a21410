// The few calls on files that the local store needs, with errors as values.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace blob {

// An open file that closes with the object.
class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();

  int fd() const { return fd_; }

 private:
  int fd_;
};

// The error of a failed system call by its errno: `storage_full` where space or quota ran out.
std::unexpected<Error> storage_error(const char* doing);

// Returns when everything written to the file is on the disk. A disk that fails to sync ends the
// process (R6); a full one is an error.
Status sync(const File& file);
// The same for the entries of a folder.
Status sync_folder(const std::string& folder);

}  // namespace blob
