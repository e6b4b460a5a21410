// Numbers and arrays of numbers into a blob and out of it, for indexes that are kept between
// starts. This machine's byte order: a snapshot is a cache and made anew from the rows elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "blob/blob_store.h"
#include "blob/digest.h"

namespace vector {

// The first error stays; what is written after it is dropped. One thread.
class SnapshotWriter {
 public:
  explicit SnapshotWriter(blob::BlobWriter& blob) : blob_(blob) {}

  void write(const void* data, std::size_t size);
  template <class T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    write(&value, sizeof value);
  }
  template <class T, class Allocator>
  void numbers(const std::vector<T, Allocator>& values) {
    number(std::uint64_t{values.size()});
    write(values.data(), values.size() * sizeof(T));
  }
  // Hands on what is left. Then the blob can be finished.
  Status end();

 private:
  void flush();

  blob::BlobWriter& blob_;
  std::vector<std::byte> buffer_;
  Status status_;
};

// The first error stays; what is read after it is 0. Nothing of it may be used before `end` has
// said that the whole is what was written. One thread.
class SnapshotReader {
 public:
  explicit SnapshotReader(const blob::BlobReader& blob)
      : blob_(blob), size_(static_cast<std::uint64_t>(blob.size())) {}

  // Fewer bytes than asked for only after an error.
  std::size_t read(void* data, std::size_t size);
  template <class T>
  void number(T& value) {
    static_assert(std::is_arithmetic_v<T>);
    value = 0;
    read(&value, sizeof value);
  }
  template <class T, class Allocator>
  void numbers(std::vector<T, Allocator>& values) {
    std::uint64_t n = 0;
    number(n);
    if (n > (size_ - offset_ + buffer_.size() - used_) / sizeof(T)) {
      static_cast<void>(damaged());
      return;
    }
    values.resize(n);
    read(values.data(), n * sizeof(T));
  }
  bool ok() const { return status_.has_value(); }
  Status status() const { return status_; }
  Status damaged();
  // CorruptData unless everything was read and has this hash.
  Status end(const std::string& sha256);

 private:
  const blob::BlobReader& blob_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0;  // of what was read into the buffer
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;  // of the buffer
  blob::Digest digest_;
  Status status_;
};

}  // namespace vector
