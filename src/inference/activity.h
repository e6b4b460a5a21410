// Whether somebody waits for an answer right now, for those whose work can wait.
#pragma once

#include <atomic>

namespace inference {

// Any thread. Shared by the backends that run interactive requests and the batches that give way to
// them; owned by app, which makes it before both.
class Activity {
 public:
  // One interactive request for as long as it lives; none when made without an Activity.
  class Guard {
   public:
    Guard() = default;
    explicit Guard(Activity* activity) : activity_(activity) {
      if (activity_ != nullptr) activity_->interactive_.fetch_add(1, std::memory_order_relaxed);
    }
    Guard(Guard&& other) noexcept : activity_(other.activity_) { other.activity_ = nullptr; }
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (activity_ != nullptr) activity_->interactive_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    Activity* activity_ = nullptr;
  };

  bool interactive() const { return interactive_.load(std::memory_order_relaxed) > 0; }

 private:
  std::atomic<int> interactive_ = 0;
};

}  // namespace inference
