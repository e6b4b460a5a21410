// The clock seam: everything that needs the time takes a Clock, so that tests and simulations
// choose it.
#pragma once

#include <chrono>
#include <cstdint>

namespace base {

using Duration = std::chrono::nanoseconds;
using UnixTime = std::chrono::sys_time<std::chrono::milliseconds>;
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// Any thread. `now` may jump (it is the wall clock); `monotonic` never goes back.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixTime now() const = 0;
  virtual MonotonicTime monotonic() const = 0;

  // The API's time stamps: whole seconds since 1970.
  std::int64_t unix_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count();
  }
};

class SystemClock final : public Clock {
 public:
  UnixTime now() const override;
  MonotonicTime monotonic() const override;
};

// A clock that stands still until told to move. One thread.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(UnixTime start = UnixTime(std::chrono::seconds(1'700'000'000)))
      : now_(start) {}
  UnixTime now() const override { return now_; }
  MonotonicTime monotonic() const override { return MonotonicTime(now_.time_since_epoch()); }
  void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  UnixTime now_;
};

}  // namespace base
