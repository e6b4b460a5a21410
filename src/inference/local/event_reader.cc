#include "inference/local/event_reader.h"

#include <boost/asio/redirect_error.hpp>

namespace inference::local {

namespace asio = base::asio;

struct EventReader::Wake {
  explicit Wake(asio::any_io_executor executor) : timer(std::move(executor)) {}
  asio::steady_timer timer;  // never expires; cancelled to wake the reader
};

EventReader::EventReader(asio::any_io_executor executor)
    : wake_(std::make_shared<Wake>(std::move(executor))) {}

EventReader::~EventReader() {
  if (engine_ && !ended_) engine_->cancel(handle_.id);
}

std::function<void()> EventReader::notify() const {
  return
      [wake = wake_] { asio::post(wake->timer.get_executor(), [wake] { wake->timer.cancel(); }); };
}

void EventReader::attach(engine::Engine& engine, engine::RequestHandle handle) {
  engine_ = &engine;
  handle_ = std::move(handle);
}

base::awaitable<engine::Event> EventReader::next() {
  while (true) {
    if (auto event = handle_.events->try_pop()) {
      ended_ = engine::is_last(*event);
      co_return std::move(*event);
    }
    // A notification between the look above and the wait below runs on this executor, hence after
    // the wait has begun.
    wake_->timer.expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await wake_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
}

}  // namespace inference::local
