// Bytes received and not yet used: one contiguous block that grows when it must and shrinks when
// idle.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace http::detail {

// Not thread-safe. `prepare` may move the bytes; nothing else does, so a pending read into the
// prepared space stays valid while bytes are consumed.
class InputBuffer {
 public:
  std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // At least `bytes` of free space behind the data.
  std::span<char> prepare(std::size_t bytes) {
    if (capacity_ - end_ < bytes) make_room(bytes);
    return {block_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Gives the block back when it holds nothing and is larger than `bytes`.
  void shrink(std::size_t bytes) {
    if (!empty() || capacity_ <= bytes) return;
    block_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void make_room(std::size_t bytes) {
    const auto used = size();
    if (capacity_ - used >= bytes) {
      std::memmove(block_.get(), block_.get() + begin_, used);
    } else {
      const auto capacity = std::max(2 * capacity_, used + bytes);
      auto block = std::make_unique_for_overwrite<char[]>(capacity);
      if (used > 0) std::memcpy(block.get(), block_.get() + begin_, used);
      block_ = std::move(block);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace http::detail
