// Reads little-endian fields from untrusted bytes, front to back, never past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace gguf {

// Lengths are compared with what is left before anything is touched, so no sum can overflow.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  template <class T>
  std::optional<T> read() {
    if (left() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }

  std::optional<std::span<const std::byte>> take(std::uint64_t size) {
    if (size > left()) return std::nullopt;
    const auto taken = bytes_.subspan(position_, size);
    position_ += size;
    return taken;
  }

  // A string of the format: u64 length, then that many bytes.
  std::optional<std::string_view> read_string(std::uint64_t size_max) {
    const auto size = read<std::uint64_t>();
    if (!size || *size > size_max) return std::nullopt;
    const auto taken = take(*size);
    if (!taken) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(taken->data()), taken->size());
  }

  std::span<const std::byte> since(std::size_t start) const {
    return bytes_.subspan(start, position_ - start);
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

// value rounded up to a multiple of `alignment` (a power of two); nullopt when that overflows.
inline std::optional<std::uint64_t> aligned_up(std::uint64_t value, std::uint64_t alignment) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(value, alignment - 1, &sum)) return std::nullopt;
  return sum & ~(alignment - 1);
}

}  // namespace gguf
