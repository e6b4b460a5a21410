#include "engine/events.h"

#include <utility>

namespace engine {

bool EventChannel::push(Event event) {
  bool was_empty = false;
  {
    std::scoped_lock lock(mutex_);
    if (events_.size() >= capacity_ && !is_last(event)) return false;
    was_empty = events_.empty();
    events_.push_back(std::move(event));
  }
  if (!was_empty) return true;  // the one reader has not come to the last one yet
  arrived_.notify_one();
  if (notify_) notify_();
  return true;
}

std::optional<Event> EventChannel::try_pop() {
  std::scoped_lock lock(mutex_);
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Event EventChannel::wait() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return !events_.empty(); });
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace engine
