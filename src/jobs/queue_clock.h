// The queue's time: Unix milliseconds when the process started, going on with the monotonic clock,
// so that a jump of the wall clock neither runs a job twice nor delays it.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace jobs {

// Any thread.
class QueueClock {
 public:
  explicit QueueClock(const base::Clock& clock)
      : clock_(clock),
        started_ms_(clock.now().time_since_epoch().count()),
        started_(clock.monotonic()) {}

  std::int64_t now_ms() const {
    const auto passed = clock_.monotonic() - started_;
    return started_ms_ + std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
  }

 private:
  const base::Clock& clock_;
  const std::int64_t started_ms_;
  const base::MonotonicTime started_;
};

}  // namespace jobs
