// POST /v1/responses/input_tokens, its older name /v1/responses/count_tokens, and POST
// /v1/responses/compact: what a request would read, without running it.
#pragma once

#include "api/responses/parts.h"
#include "api/responses/turn.h"
#include "http/router.h"

namespace api::responses {

class ContextRoutes {
 public:
  explicit ContextRoutes(const Parts& parts) : parts_(parts) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> input_tokens(http::Request& request);
  base::awaitable<http::Response> compact_context(http::Request& request);
  // The turn that the body describes, and what the model would be asked.
  base::awaitable<agent::Task> read(http::Request& request, json::Object body, Turn& turn);

  Parts parts_;
};

}  // namespace api::responses
