#include "api/batches/routes.h"

#include <array>

#include "api/batches/endpoints.h"
#include "api/common/api_error.h"
#include "api/common/expires_after.h"
#include "api/common/json_body.h"
#include "api/common/list.h"
#include "base/json/codec.h"
#include "gateway/caller.h"

namespace api::batches {
namespace {

using base::awaitable;

constexpr auto kPaths = [] {
  std::array<std::string_view, kEndpoints.size()> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = kEndpoints[i].path;
  return out;
}();
constexpr std::array<std::string_view, 1> kWindows{"24h"};

struct CreateRequest {
  std::string input_file_id, endpoint, completion_window;
  std::optional<Metadata> metadata;
  std::optional<ExpiresAfter> output_expires_after;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("input_file_id", &CreateRequest::input_file_id),
        json::field("endpoint", &CreateRequest::endpoint).one_of(kPaths),
        json::field("completion_window", &CreateRequest::completion_window).one_of(kWindows),
        json::field("metadata", &CreateRequest::metadata),
        json::field("output_expires_after", &CreateRequest::output_expires_after)};
  }
};

http::Response respond(const Result<Shown>& shown) {
  if (!shown) throw ApiError(shown.error());
  return http::Response::json(json::dump(batch_object(shown->batch, shown->progress)));
}

base::BatchId id_of(const http::Request& request) {
  return request.path<base::BatchId>("batch_id");
}

}  // namespace

void BatchesRoutes::add_to(http::Router& router) {
  router.post("/v1/batches", this, &BatchesRoutes::create);
  router.get("/v1/batches", this, &BatchesRoutes::list);
  router.get("/v1/batches/{batch_id}", this, &BatchesRoutes::retrieve);
  router.post("/v1/batches/{batch_id}/cancel", this, &BatchesRoutes::cancel);
}

// POST /v1/batches. Always `validating`: what is wrong with the file shows up later.
awaitable<http::Response> BatchesRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  CreateRequest wire = or_throw(json::read<CreateRequest>(body));
  BatchService::Create wanted{.input_file_id = std::move(wire.input_file_id),
                              .endpoint = std::move(wire.endpoint),
                              .metadata = std::move(wire.metadata),
                              .output_seconds = {}};
  if (wire.output_expires_after) wanted.output_seconds = wire.output_expires_after->seconds;
  auto created = co_await service_.create(request.get<gateway::Caller>(), std::move(wanted));
  co_return respond(created);
}

// GET /v1/batches, newest first.
awaitable<http::Response> BatchesRoutes::list(http::Request& request) {
  auto found = co_await service_.list(request.get<gateway::Caller>().project,
                                      page_request(request, PageRules{}));
  const auto page = or_throw(std::move(found));
  std::vector<ListedObject> objects;
  for (const auto& entry : page.entries)
    objects.push_back({entry.batch.id.value, batch_object(entry.batch, entry.progress)});
  co_return http::Response::json(list_body(objects, page.has_more));
}

// GET /v1/batches/{batch_id}
awaitable<http::Response> BatchesRoutes::retrieve(http::Request& request) {
  auto found = co_await service_.get(request.get<gateway::Caller>().project, id_of(request));
  co_return respond(found);
}

// POST /v1/batches/{batch_id}/cancel: what is done stays done.
awaitable<http::Response> BatchesRoutes::cancel(http::Request& request) {
  auto cancelled = co_await service_.cancel(request.get<gateway::Caller>().project, id_of(request));
  co_return respond(cancelled);
}

}  // namespace api::batches
