// Batches: POST and GET /v1/batches, GET and cancel of one.
#pragma once

#include "api/batches/service.h"
#include "base/async.h"
#include "http/router.h"

namespace api::batches {

class BatchesRoutes {
 public:
  explicit BatchesRoutes(BatchService& service) : service_(service) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<http::Response> list(http::Request& request);
  base::awaitable<http::Response> retrieve(http::Request& request);
  base::awaitable<http::Response> cancel(http::Request& request);

  BatchService& service_;
};

}  // namespace api::batches
