// POST /v1/conversations; GET, POST and DELETE /v1/conversations/{conversation_id}; POST and GET
// .../items; GET and DELETE .../items/{item_id}.
#pragma once

#include "api/conversations/service.h"
#include "http/router.h"

namespace api::conversations {

class ConversationsRoutes {
 public:
  ConversationsRoutes(store::Database& database, base::Pools& pools, base::IdGenerator& ids,
                      const base::Clock& clock)
      : service_(database, pools, ids, clock) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<http::Response> retrieve(http::Request& request);
  base::awaitable<http::Response> update(http::Request& request);
  base::awaitable<http::Response> remove(http::Request& request);
  base::awaitable<http::Response> add_items(http::Request& request);
  base::awaitable<http::Response> list_items(http::Request& request);
  base::awaitable<http::Response> retrieve_item(http::Request& request);
  base::awaitable<http::Response> remove_item(http::Request& request);

  ConversationsService service_;
};

}  // namespace api::conversations
