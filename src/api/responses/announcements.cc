#include "api/responses/announcements.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>

namespace api::responses {

namespace asio = base::asio;

// Touched on its executor only.
struct Announcements::Follower::State {
  explicit State(asio::any_io_executor executor) : timer(std::move(executor)) {}
  asio::steady_timer timer;
  bool announced = false;
};

Announcements::Follower::Follower(Announcements& announcements, std::string stream,
                                  asio::any_io_executor executor)
    : announcements_(announcements),
      stream_(std::move(stream)),
      state_(std::make_shared<State>(std::move(executor))) {
  announcements_.followers_.with([&](auto& followers) { followers.emplace(stream_, state_); });
}

Announcements::Follower::~Follower() {
  announcements_.followers_.with([&](auto& followers) {
    const auto [first, last] = followers.equal_range(stream_);
    const auto own =
        std::find_if(first, last, [&](const auto& entry) { return entry.second == state_; });
    if (own != last) followers.erase(own);
  });
}

void Announcements::Follower::reset() {
  state_->announced = false;
}

base::awaitable<> Announcements::Follower::wait(std::chrono::nanoseconds time_max) {
  if (state_->announced) co_return;
  state_->timer.expires_after(time_max);
  boost::system::error_code ended;
  co_await state_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

void Announcements::announce(const std::string& stream) {
  followers_.with([&](auto& followers) {
    const auto [first, last] = followers.equal_range(stream);
    for (auto entry = first; entry != last; ++entry) {
      asio::post(entry->second->timer.get_executor(), [state = entry->second] {
        state->announced = true;
        state->timer.cancel();
      });
    }
  });
}

}  // namespace api::responses
