#include "api/models/routes.h"

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "base/json/value.h"

namespace api::models {
namespace {

json::Object model_object(const inference::ModelInfo& model) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", model.owned_by}};
}

}  // namespace

// Model names may hold slashes ("org/name"), so the last parameter takes the rest of the path.
void ModelsRoutes::add_to(http::Router& router) {
  router.get("/v1/models", this, &ModelsRoutes::list);
  router.get("/v1/models/{model...}", this, &ModelsRoutes::retrieve);
  router.del("/v1/models/{model...}", this, &ModelsRoutes::remove);
}

// GET /v1/models
base::awaitable<http::Response> ModelsRoutes::list(http::Request&) {
  json::Array data;
  for (const auto& model : backend_.models()) data.emplace_back(model_object(model));
  co_return http::Response::json(
      json::dump(json::Object{{"object", "list"}, {"data", std::move(data)}}));
}

// GET /v1/models/{model}
// 404 model_not_found
base::awaitable<http::Response> ModelsRoutes::retrieve(http::Request& request) {
  co_return http::Response::json(json::dump(model_object(find(request))));
}

// DELETE /v1/models/{model}
// 403 for models that came with the program: only tuned and added ones can go.
base::awaitable<http::Response> ModelsRoutes::remove(http::Request& request) {
  const inference::ModelInfo model = find(request);
  if (!model.removable) {
    reject(ErrorCode::PermissionDenied,
           fmt::format("The model '{}' is built in and cannot be deleted. Only models that were "
                       "tuned or added can.",
                       model.id),
           "model");
  }
  auto removed = co_await remover_.remove(model.id);
  or_throw(std::move(removed));
  co_return http::Response::json(
      json::dump(json::Object{{"id", model.id}, {"object", "model"}, {"deleted", true}}));
}

inference::ModelInfo ModelsRoutes::find(const http::Request& request) const {
  const std::string id(request.path_param("model"));
  for (const auto& model : backend_.models()) {
    if (model.id == id) return model;
  }
  throw ApiError({.code = ErrorCode::NotFound,
                  .message = fmt::format("The model '{}' does not exist", id),
                  .param = "model",
                  .reason = "model_not_found"});
}

}  // namespace api::models
