#include "vector/snapshot.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace vector {
namespace {

constexpr std::size_t kBufferBytes = 1024 * 1024;

}  // namespace

void SnapshotWriter::write(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  while (size > 0 && status_) {
    const std::size_t piece = std::min(size, kBufferBytes - buffer_.size());
    buffer_.insert(buffer_.end(), bytes, bytes + piece);
    bytes += piece;
    size -= piece;
    if (buffer_.size() == kBufferBytes) flush();
  }
}

void SnapshotWriter::flush() {
  if (status_ && !buffer_.empty()) status_ = blob_.write(buffer_);
  buffer_.clear();
}

Status SnapshotWriter::end() {
  flush();
  return status_;
}

std::size_t SnapshotReader::read(void* data, std::size_t size) {
  auto* out = static_cast<std::byte*>(data);
  std::size_t done = 0;
  while (done < size && status_) {
    if (used_ == buffer_.size()) {
      buffer_.resize(
          static_cast<std::size_t>(std::min<std::uint64_t>(kBufferBytes, size_ - offset_)));
      used_ = 0;
      auto n = blob_.read(static_cast<std::int64_t>(offset_), buffer_);
      if (!n) {
        status_ = fail(n.error());
      } else if (buffer_.empty() || *n != buffer_.size()) {
        status_ = damaged();
      } else {
        digest_.add(buffer_);
        offset_ += buffer_.size();
      }
      continue;
    }
    const std::size_t piece = std::min(size - done, buffer_.size() - used_);
    std::memcpy(out + done, buffer_.data() + used_, piece);
    used_ += piece;
    done += piece;
  }
  return done;
}

Status SnapshotReader::damaged() {
  if (status_) status_ = fail(ErrorCode::CorruptData, "A stored index does not hold together.");
  return status_;
}

Status SnapshotReader::end(const std::string& sha256) {
  if (status_ && (offset_ != size_ || used_ != buffer_.size() || digest_.hex() != sha256))
    return damaged();
  return status_;
}

}  // namespace vector
