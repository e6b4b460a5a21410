#include "compute/gguf/mapping.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gguf {
namespace {

// The last component: messages never show where on the disk a model lies.
std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

Result<std::shared_ptr<const Mapping>> Mapping::open(const std::string& path) {
  // O_NONBLOCK so that a named pipe in place of a file is refused instead of waited for.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    const auto code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::StorageFailed;
    return fail(code, fmt::format("cannot open {}: {}", file_name(path), std::strerror(errno)));
  }
  struct stat facts{};
  if (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ::close(file);
    return fail(ErrorCode::CorruptData, fmt::format("{} is not a regular file", file_name(path)));
  }
  if (facts.st_size <= 0) {
    ::close(file);
    return fail(ErrorCode::CorruptData, fmt::format("{} is empty", file_name(path)));
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  const int error = errno;
  ::close(file);
  if (data == MAP_FAILED) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("cannot map {}: {}", file_name(path), std::strerror(error)));
  }
  return std::shared_ptr<const Mapping>(new Mapping(static_cast<const std::byte*>(data), size));
}

void Mapping::forget(std::span<const std::byte> part) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto first = static_cast<std::size_t>(part.data() - data_);
  const std::size_t begin = (first + page - 1) / page * page;
  const std::size_t end = (first + part.size()) / page * page;
  if (begin >= end) return;
  ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

Mapping::~Mapping() {
  ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace gguf
