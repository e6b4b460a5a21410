// Fixed-size state of recurrent layers, one slot per sequence: what convolution and state-space
// layers carry from token to token, beside or instead of keys and values.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <vector>

#include "base/check.h"

namespace engine {

// Owned by the engine; engine thread only. With slot_floats 0 (models without such layers) there is
// always a slot.
class StatePool {
 public:
  StatePool(std::size_t slot_floats, std::size_t slot_count)
      : slot_floats_(slot_floats), values_(slot_floats * slot_count) {
    for (std::size_t i = slot_floats > 0 ? slot_count : 0; i > 0; --i) {
      free_.push_back(static_cast<int>(i - 1));
    }
  }

  // A slot of zeros.
  std::optional<int> allocate() {
    if (slot_floats_ == 0) return 0;
    if (free_.empty()) return std::nullopt;
    const int slot = free_.back();
    free_.pop_back();
    std::memset(values(slot), 0, slot_floats_ * sizeof(float));
    return slot;
  }
  void release(int slot) {
    if (slot_floats_ > 0) free_.push_back(slot);
  }
  void copy(int from, int to) {
    if (slot_floats_ > 0) std::memcpy(values(to), values(from), slot_floats_ * sizeof(float));
  }
  float* values(int slot) { return values_.data() + static_cast<std::size_t>(slot) * slot_floats_; }
  std::size_t slot_floats() const { return slot_floats_; }
  bool has_free() const { return slot_floats_ == 0 || !free_.empty(); }

 private:
  std::size_t slot_floats_;
  std::vector<float> values_;  // [slot_count, slot_floats]
  std::vector<int> free_;
};

}  // namespace engine
