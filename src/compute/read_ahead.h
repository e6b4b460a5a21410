// What threads do while they wait for each other inside a step: they ask for the beginning of the
// matrix that will be read next. A model that is read from memory once per token leaves the memory
// idle in every norm, rounding and wait otherwise, a tenth of the time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace compute {

// Which matrix follows which is learnt by watching: a step reads them in the same order as the one
// before. A wrong guess costs nothing but the reading, and a matrix that has gone nothing at all: a
// prefetch never faults.
class ReadAhead {
 public:
  // The loop that reads these bytes is about to begin. One thread, between loops.
  void begins(const std::uint8_t* data, std::size_t size) {
    following_[last_] = {data, size};
    last_ = data;
    const auto next = following_.find(data);
    end_.store(nullptr, std::memory_order_relaxed);  // nobody goes on between the two stores
    if (next == following_.end()) return;
    next_.store(next->second.data, std::memory_order_relaxed);
    end_.store(next->second.data + std::min(next->second.size, kBytesMax),
               std::memory_order_relaxed);
  }

  // Asks for a few lines. Any thread that has nothing else to do.
  void ask() {
    const auto* end = end_.load(std::memory_order_relaxed);
    if (next_.load(std::memory_order_relaxed) >= end) return;
    const auto* line = next_.fetch_add(kBytesEach, std::memory_order_relaxed);
    for (std::size_t i = 0; i < kBytesEach; i += 64) __builtin_prefetch(line + i, 0, 2);
  }

 private:
  // Half of a second-level cache of 1 MB: what is there must not be thrown out again.
  static constexpr std::size_t kBytesMax = 512 << 10;
  static constexpr std::size_t kBytesEach = 256;

  struct Matrix {
    const std::uint8_t* data;
    std::size_t size;
  };
  std::unordered_map<const std::uint8_t*, Matrix> following_;
  const std::uint8_t* last_ = nullptr;
  alignas(64) std::atomic<const std::uint8_t*> next_ = nullptr;
  std::atomic<const std::uint8_t*> end_ = nullptr;
};

}  // namespace compute
