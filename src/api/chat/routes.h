// POST /v1/chat/completions.
#pragma once

#include <memory>

#include "api/chat/completion.h"
#include "base/ids.h"
#include "http/router.h"
#include "inference/backend.h"

namespace api::chat {

class ChatRoutes {
 public:
  ChatRoutes(inference::Backend& backend, base::IdGenerator& ids, const base::Clock& clock)
      : backend_(backend), ids_(ids), clock_(clock) {}
  void add_to(http::Router& router);

 private:
  using Events = std::unique_ptr<inference::EventStream>;

  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<> stream(http::SseWriter& sse, Events events, Chunks chunks);

  inference::Backend& backend_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace api::chat
