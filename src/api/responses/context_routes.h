// POST /v1/responses/input_tokens, its older name /v1/responses/count_tokens, and POST
// /v1/responses/compact: what a request would read, without running it.
#pragma once

#include "api/responses/parts.h"
#include "http/router.h"

namespace api::responses {

class ContextRoutes {
 public:
  explicit ContextRoutes(const Parts& parts) : parts_(parts) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> input_tokens(http::Request& request);
  base::awaitable<http::Response> compact_context(http::Request& request);

  Parts parts_;
};

}  // namespace api::responses
