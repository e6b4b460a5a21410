// Who follows a stream hears at once that it has grown. In this process only; followers also look
// for themselves now and then.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <string>

#include "base/async.h"
#include "base/guarded.h"

namespace api::responses {

// Any thread. Outlives its followers.
class Announcements {
 public:
  // One follower of one stream. One coroutine, on whose executor it is made.
  class Follower {
   public:
    Follower(Announcements& announcements, std::string stream,
             base::asio::any_io_executor executor);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    // Before reading: what is announced from here on ends the next `wait`.
    void reset();
    // Returns after an announcement since `reset`, or after `time_max`.
    base::awaitable<> wait(std::chrono::nanoseconds time_max);

   private:
    friend class Announcements;
    struct State;
    Announcements& announcements_;
    std::string stream_;
    std::shared_ptr<State> state_;  // shared with announcements on their way
  };

  // After the commit that made the stream grow.
  void announce(const std::string& stream);

 private:
  base::Guarded<std::multimap<std::string, std::shared_ptr<Follower::State>>> followers_;
};

}  // namespace api::responses
