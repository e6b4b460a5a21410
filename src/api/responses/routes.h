// POST /v1/responses, and the operations on stored responses.
#pragma once

#include "api/responses/background.h"
#include "api/responses/context_routes.h"
#include "api/responses/foreground.h"
#include "api/responses/parts.h"
#include "http/router.h"

namespace api::responses {

class ResponsesRoutes {
 public:
  explicit ResponsesRoutes(const Parts& parts);
  void add_to(http::Router& router);
  // Runs responses in the background.
  jobs::Handler job_handler() { return background_.handler(); }

 private:
  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<http::Response> run(Turn turn, json::Value body);
  base::awaitable<http::Response> retrieve(http::Request& request);
  base::awaitable<http::Response> remove(http::Request& request);
  base::awaitable<http::Response> cancel(http::Request& request);
  base::awaitable<http::Response> input_items(http::Request& request);
  base::awaitable<http::Response> replay(http::Request& request, records::Key key);

  Parts parts_;
  Foreground foreground_;
  Background background_;
  ContextRoutes context_;
};

}  // namespace api::responses
