// The processor time of this thread: what budgets of compiling and searching are counted in, so
// that a busy machine refuses nothing that a quiet one takes.
#pragma once

#include <chrono>
#include <ctime>

namespace engine::grammar {

inline std::chrono::nanoseconds thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace engine::grammar
