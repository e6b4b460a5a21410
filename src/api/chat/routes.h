// POST /v1/chat/completions.
#pragma once

#include <memory>
#include <optional>

#include "api/chat/completion.h"
#include "api/chat/stored_chats.h"
#include "api/items/outside.h"
#include "base/ids.h"
#include "http/router.h"
#include "inference/backend.h"

namespace api::chat {

class ChatRoutes {
 public:
  ChatRoutes(inference::Backend& backend, StoredChats& stored, items::PartReader& files,
             base::IdGenerator& ids, const base::Clock& clock)
      : backend_(backend), stored_(stored), files_(files), ids_(ids), clock_(clock) {}
  void add_to(http::Router& router);

 private:
  using Events = std::unique_ptr<inference::EventStream>;

  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<> stream(http::SseWriter& sse, Events events, Chunks chunks);
  // The same for a completion that is stored before its end is sent.
  base::awaitable<> stream_stored(http::SseWriter& sse, Events events, Chunks chunks,
                                  Completion completion, ToStore to_store);

  inference::Backend& backend_;
  StoredChats& stored_;
  items::PartReader& files_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace api::chat
