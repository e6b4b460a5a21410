// POST /v1/edits: the legacy edit endpoint, answered by a chat model that is told to rewrite the
// input.
#pragma once

#include "base/time.h"
#include "http/router.h"
#include "inference/backend.h"

namespace api::edits {

class EditsRoutes {
 public:
  EditsRoutes(inference::Backend& backend, const base::Clock& clock)
      : backend_(backend), clock_(clock) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> create(http::Request& request);

  inference::Backend& backend_;
  const base::Clock& clock_;
};

}  // namespace api::edits
