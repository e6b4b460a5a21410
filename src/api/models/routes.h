// GET /v1/models, GET and DELETE /v1/models/{model}.
#pragma once

#include "http/router.h"
#include "inference/backend.h"

namespace api::models {

// Removes an added or tuned model: implemented by whoever keeps them (app).
class ModelRemover {
 public:
  virtual ~ModelRemover() = default;
  virtual base::awaitable<Status> remove(std::string model) = 0;
};

class ModelsRoutes {
 public:
  ModelsRoutes(inference::Backend& backend, ModelRemover& remover)
      : backend_(backend), remover_(remover) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> list(http::Request& request);
  base::awaitable<http::Response> retrieve(http::Request& request);
  base::awaitable<http::Response> remove(http::Request& request);
  inference::ModelInfo find(const http::Request& request) const;

  inference::Backend& backend_;
  ModelRemover& remover_;
};

}  // namespace api::models
