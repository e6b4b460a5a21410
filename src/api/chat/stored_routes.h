// GET /v1/chat/completions; GET, POST and DELETE /v1/chat/completions/{completion_id}; GET
// /v1/chat/completions/{completion_id}/messages.
#pragma once

#include "api/chat/stored_chats.h"
#include "http/router.h"

namespace api::chat {

class StoredChatRoutes {
 public:
  explicit StoredChatRoutes(StoredChats& chats) : chats_(chats) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> list(http::Request& request);
  base::awaitable<http::Response> retrieve(http::Request& request);
  base::awaitable<http::Response> update(http::Request& request);
  base::awaitable<http::Response> remove(http::Request& request);
  base::awaitable<http::Response> messages(http::Request& request);

  StoredChats& chats_;
};

}  // namespace api::chat
