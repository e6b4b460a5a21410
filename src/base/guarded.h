// Guarded<T>: a value that can only be reached under its mutex. Never hold the lock across a
// co_await.
#pragma once

#include <mutex>
#include <utility>

namespace base {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Runs fn(value) under the lock and returns what it returns.
  template <class Fn>
  decltype(auto) with(Fn&& fn) {
    std::scoped_lock lock(mutex_);
    return std::forward<Fn>(fn)(value_);
  }

  template <class Fn>
  decltype(auto) with(Fn&& fn) const {
    std::scoped_lock lock(mutex_);
    return std::forward<Fn>(fn)(std::as_const(value_));
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace base
