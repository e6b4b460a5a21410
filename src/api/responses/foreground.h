// A response that its client waits for: the whole at once, or as a stream.
#pragma once

#include <memory>

#include "api/responses/parts.h"
#include "api/responses/turn.h"
#include "http/response.h"

namespace api::responses {

// Owned by the routes. Any thread.
class Foreground {
 public:
  explicit Foreground(const Parts& parts) : parts_(parts) {}

  // Throws ApiError for what is known before the first word, also when a stream was asked for.
  base::awaitable<http::Response> create(Turn turn);

 private:
  struct Live;  // a turn and its run

  base::awaitable<http::Response> answer(Live& live);
  base::awaitable<> stream(http::SseWriter& sse, std::unique_ptr<Live> live);
  // Stores what is to be stored; the response is then as it will be shown.
  base::awaitable<Status> finish(Live& live, Transcript& transcript, const agent::Finished& end);

  Parts parts_;
};

}  // namespace api::responses
