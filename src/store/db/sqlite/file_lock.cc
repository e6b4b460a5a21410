#include "store/db/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/log.h"

namespace store::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 1'000ms, kPause = 10ms;

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    LOG(Error, "database: cannot open lock file {}: {}", path, std::strerror(errno));
    return fail(ErrorCode::StorageFailed, "The data directory cannot be written.");
  }
  FileLock lock(fd);
  // A process that was killed while it started another leaves the lock to that one, for as long as
  // it takes to become another program.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool locked = false;
  while (!(locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0) && errno == EWOULDBLOCK &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(kPause);
  if (!locked) {
    LOG(Error, "database: {} is in use by another process", path);
    return fail(ErrorCode::Conflict, "The data directory is in use by another process.");
  }
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace store::sqlite
