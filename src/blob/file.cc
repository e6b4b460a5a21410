#include "blob/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/log.h"

namespace blob {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

std::unexpected<Error> storage_error(const char* doing) {
  const int code = errno;
  LOG(Error, "blob: {}: {}", doing, std::strerror(code));
  if (code == ENOSPC || code == EDQUOT) {
    return fail(ErrorCode::StorageFailed, "The server's storage is full.", {}, "storage_full");
  }
  return fail(ErrorCode::StorageFailed, "The server's storage failed.", {}, "storage_failed");
}

Status sync(const File& file) {
  while (::fsync(file.fd()) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOSPC || errno == EDQUOT) return storage_error("sync");
    // The kernel may have dropped pages of other files too; nothing written may be trusted now.
    LOG(Error, "blob: a write did not reach the disk ({}); stopping", std::strerror(errno));
    std::abort();
  }
  return {};
}

Status sync_folder(const std::string& folder) {
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.fd() < 0) return storage_error("open folder");
  return sync(opened);
}

}  // namespace blob
