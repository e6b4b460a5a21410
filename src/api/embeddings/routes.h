// POST /v1/embeddings.
#pragma once

#include "http/router.h"
#include "inference/backend.h"

namespace api::embeddings {

class EmbeddingsRoutes {
 public:
  explicit EmbeddingsRoutes(inference::Backend& backend) : backend_(backend) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> create(http::Request& request);

  inference::Backend& backend_;
};

}  // namespace api::embeddings
