// A read-only memory mapping of a regular file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"

namespace gguf {

// Owns the mapping; the bytes are valid as long as it lives. Any thread. If somebody truncates the
// file meanwhile, reading the lost part raises SIGBUS: replace model files by rename, never in
// place.
class Mapping {
 public:
  // NotFound, CorruptData (empty, or not a regular file: devices and pipes are never read) or
  // StorageFailed.
  static Result<std::shared_ptr<const Mapping>> open(const std::string& path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Lets the whole pages inside `part` leave this process's memory. Their contents stay: whoever
  // reads them again gets them from the file (or the system's cache of it).
  void forget(std::span<const std::byte> part) const;

 private:
  Mapping(const std::byte* data, std::size_t size) : data_(data), size_(size) {}

  const std::byte* data_;
  std::size_t size_;
};

}  // namespace gguf
