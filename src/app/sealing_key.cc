#include "app/sealing_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "blob/file.h"

namespace app {
namespace {

using api::items::SealingKey;

Result<SealingKey> read_key(const blob::File& file, const std::string& path) {
  SealingKey key;
  struct stat facts{};
  if (::fstat(file.fd(), &facts) != 0) return blob::storage_error("reading the sealing key");
  const bool whole =
      facts.st_size == static_cast<off_t>(key.size()) &&
      ::pread(file.fd(), key.data(), key.size(), 0) == static_cast<ssize_t>(key.size());
  if (whole) return key;
  return fail(
      ErrorCode::CorruptData,
      fmt::format("{} must hold {} bytes. Restore it, or remove it: what was sealed with it "
                  "can then not be read any more.",
                  path, key.size()));
}

// Complete under another name first, so that a crash leaves no half key.
Status write_key(const std::string& path, const SealingKey& key) {
  const std::string unfinished = path + ".new";
  const blob::File file(
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.fd() < 0 ||
      ::write(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    return blob::storage_error("writing the sealing key");
  if (auto status = blob::sync(file); !status) return status;
  if (std::rename(unfinished.c_str(), path.c_str()) != 0)
    return blob::storage_error("writing the sealing key");
  return blob::sync_folder(path.substr(0, path.rfind('/')));
}

}  // namespace

Result<SealingKey> load_sealing_key(const std::string& path, base::Random& random) {
  const blob::File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() >= 0) return read_key(file, path);
  if (errno != ENOENT) return blob::storage_error("opening the sealing key");
  SealingKey key;
  random.fill(key);
  if (auto status = write_key(path, key); !status) return fail(status.error());
  return key;
}

}  // namespace app
