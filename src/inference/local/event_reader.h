// Awaits the engine's events of one request from a coroutine.
#pragma once

#include <functional>
#include <memory>

#include "base/async.h"
#include "engine/engine.h"

namespace inference::local {

// One coroutine, on the executor it was made with. Destroying it before the last event cancels the
// request.
class EventReader {
 public:
  explicit EventReader(base::asio::any_io_executor executor);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  // To be passed to Engine::submit.
  std::function<void()> notify() const;
  // What submit returned. The engine must outlive this.
  void attach(engine::Engine& engine, engine::RequestHandle handle);

  // Throws operation_aborted when the coroutine is cancelled.
  base::awaitable<engine::Event> next();
  void stop_choice(int choice) { engine_->stop_choice(handle_.id, choice); }

 private:
  struct Wake;
  std::shared_ptr<Wake> wake_;  // shared with the engine thread's notifications
  engine::Engine* engine_ = nullptr;
  engine::RequestHandle handle_;
  bool ended_ = false;
};

}  // namespace inference::local
