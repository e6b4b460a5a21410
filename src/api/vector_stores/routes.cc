#include "api/vector_stores/routes.h"

#include <algorithm>
#include <array>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/list.h"
#include "base/json/codec.h"
#include "gateway/caller.h"
#include "vector/filter_json.h"
#include "vector/query.h"

namespace api::vector_stores {
namespace {

using base::awaitable;

// What SDK helpers wait between two looks.
constexpr const char* kPollAfterMs = "100";

vector::StoreId store_of(const http::Request& request) {
  return {request.get<gateway::Caller>().project,
          std::string(request.path_param("vector_store_id"))};
}

std::string param(const http::Request& request, std::string_view name) {
  return std::string(request.path_param(name));
}

http::Response answer(const json::Object& object) {
  return http::Response::json(json::dump(object));
}

http::Response polled(const json::Object& object) {
  auto response = answer(object);
  response.headers.set("openai-poll-after-ms", kPollAfterMs);
  return response;
}

http::Response deleted(const std::string& id, const char* object) {
  return answer({{"id", id}, {"object", object}, {"deleted", true}});
}

PageRules page_rules() {
  return {.before = true};
}

std::string status_filter(const http::Request& request) {
  static constexpr std::array<std::string_view, 4> kStates{"in_progress", "completed", "failed",
                                                           "cancelled"};
  const auto given = request.query().get("filter");
  if (!given) return {};
  if (std::find(kStates.begin(), kStates.end(), *given) == kStates.end())
    throw ApiError(json::errors::value({.key = "filter"}, *given, kStates).error());
  return std::string(*given);
}

http::Response files_page(const store::Page<vector::StoreFile>& page) {
  std::vector<ListedObject> objects;
  for (const auto& file : page.entries) objects.push_back({file.key.id, file_object(file)});
  return http::Response::json(list_body(objects, page.has_more));
}

json::Object result_object(const vector::Passage& passage) {
  return {{"file_id", passage.file},
          {"filename", passage.filename},
          {"score", passage.score},
          {"attributes", passage.attributes},
          {"content", json::Array{json::Object{{"type", "text"}, {"text", passage.text}}}}};
}

// The batch's files, whichever way they were named.
std::vector<AttachFile> files_of(CreateBatch& body) {
  if (body.file_ids.has_value() == body.files.has_value()) {
    reject(ErrorCode::InvalidRequest,
           body.files ? "Only one of 'file_ids' and 'files' may be given."
                      : "Missing required parameter: 'file_ids'.",
           "file_ids", body.files ? "invalid_value" : "missing_required_parameter");
  }
  if (body.files) return std::move(*body.files);
  std::vector<AttachFile> out;
  for (auto& id : *body.file_ids)
    out.push_back({std::move(id), body.chunking_strategy, body.attributes});
  return out;
}

}  // namespace

void VectorStoresRoutes::add_to(http::Router& router) {
  using Routes = VectorStoresRoutes;
  const std::string store = "/v1/vector_stores/{vector_store_id}";
  router.post("/v1/vector_stores", this, &Routes::create);
  router.get("/v1/vector_stores", this, &Routes::list);
  router.get(store, this, &Routes::retrieve);
  router.post(store, this, &Routes::update);
  router.del(store, this, &Routes::remove);
  router.post(store + "/search", this, &Routes::find);

  router.post(store + "/files", this, &Routes::attach_file);
  router.get(store + "/files", this, &Routes::list_files);
  router.get(store + "/files/{file_id}", this, &Routes::retrieve_file);
  router.post(store + "/files/{file_id}", this, &Routes::update_file);
  router.del(store + "/files/{file_id}", this, &Routes::remove_file);
  router.get(store + "/files/{file_id}/content", this, &Routes::file_content);

  router.post(store + "/file_batches", this, &Routes::create_batch);
  router.get(store + "/file_batches/{batch_id}", this, &Routes::retrieve_batch);
  router.post(store + "/file_batches/{batch_id}/cancel", this, &Routes::cancel_batch);
  router.get(store + "/file_batches/{batch_id}/files", this, &Routes::list_batch_files);
}

// POST /v1/vector_stores
awaitable<http::Response> VectorStoresRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  auto wanted = or_throw(json::read<CreateStore>(body));
  auto made = co_await service_.create(request.get<gateway::Caller>().project, std::move(wanted));
  co_return answer(store_object(or_throw(std::move(made))));
}

// GET /v1/vector_stores
awaitable<http::Response> VectorStoresRoutes::list(http::Request& request) {
  auto found = co_await service_.list(request.get<gateway::Caller>().project,
                                      page_request(request, page_rules()));
  const auto page = or_throw(std::move(found));
  std::vector<ListedObject> objects;
  for (const auto& store : page.entries) objects.push_back({store.key.id, store_object(store)});
  co_return http::Response::json(list_body(objects, page.has_more));
}

// GET /v1/vector_stores/{vector_store_id}
awaitable<http::Response> VectorStoresRoutes::retrieve(http::Request& request) {
  auto found = co_await service_.get(store_of(request));
  co_return polled(store_object(or_throw(std::move(found))));
}

// POST /v1/vector_stores/{vector_store_id}
awaitable<http::Response> VectorStoresRoutes::update(http::Request& request) {
  const json::Value body = co_await json_body(request);
  VectorStoresService::Update update{.fields = or_throw(json::read<UpdateStore>(body))};
  const auto is_null = [&](std::string_view name) {
    const auto* value = json::find(body, name);
    return value && value->is_null();
  };
  update.clears_name = is_null("name");
  update.clears_expiry = is_null("expires_after");
  auto changed = co_await service_.update(store_of(request), std::move(update));
  co_return answer(store_object(or_throw(std::move(changed))));
}

// DELETE /v1/vector_stores/{vector_store_id}: the files themselves stay.
awaitable<http::Response> VectorStoresRoutes::remove(http::Request& request) {
  const auto store = store_of(request);
  auto removed = co_await service_.remove(store);
  or_throw(std::move(removed));
  co_return deleted(store.id, "vector_store.deleted");
}

// POST /v1/vector_stores/{vector_store_id}/search
awaitable<http::Response> VectorStoresRoutes::find(http::Request& request) {
  const json::Value value = co_await json_body(request);
  auto body = or_throw(json::read<SearchBody>(value));
  if (body.rewrite_query.value_or(false)) {
    for (auto& text : body.query.texts) text = vector::rewritten(text);
  }
  const auto store = store_of(request);
  vector::SearchRequest wanted{
      .project = store.project,
      .stores = {store.id},
      .queries = body.query.texts,
      .results_max = body.max_num_results.value_or(limits::search_results_default)};
  if (body.filters && !body.filters->is_null())
    wanted.filter = or_throw(vector::read_filter(*body.filters, {.key = "filters"}));
  if (const auto& ranking = body.ranking_options) {
    wanted.score_min = ranking->score_threshold.value_or(0);
    wanted.reranks = ranking->ranker != "none";
    if (const auto& hybrid = ranking->hybrid_search) {
      if (hybrid->embedding_weight + hybrid->text_weight <= 0)
        reject(ErrorCode::InvalidRequest,
               "At least one of 'embedding_weight' and 'text_weight' must be above 0.",
               "ranking_options.hybrid_search", "invalid_value");
      wanted.weights = vector::Weights{hybrid->embedding_weight, hybrid->text_weight};
    }
  }
  auto found = co_await service_.find(std::move(wanted));
  json::Array data;
  for (const auto& passage : or_throw(std::move(found))) data.push_back(result_object(passage));
  const json::Object page{{"object", "vector_store.search_results.page"},
                          {"search_query", body.query.to_json()},
                          {"data", std::move(data)},
                          {"has_more", false},
                          {"next_page", nullptr}};
  co_return answer(page);
}

// POST /v1/vector_stores/{vector_store_id}/files
awaitable<http::Response> VectorStoresRoutes::attach_file(http::Request& request) {
  const json::Value body = co_await json_body(request);
  auto attached =
      co_await service_.attach(store_of(request), or_throw(json::read<AttachFile>(body)));
  co_return polled(file_object(or_throw(std::move(attached))));
}

// GET /v1/vector_stores/{vector_store_id}/files
awaitable<http::Response> VectorStoresRoutes::list_files(http::Request& request) {
  vector::files::ListFiles wanted{.store = store_of(request),
                                  .status = status_filter(request),
                                  .page = page_request(request, page_rules())};
  auto found = co_await service_.list_files(std::move(wanted));
  co_return files_page(or_throw(std::move(found)));
}

// GET /v1/vector_stores/{vector_store_id}/files/{file_id}
awaitable<http::Response> VectorStoresRoutes::retrieve_file(http::Request& request) {
  auto found = co_await service_.get_file(store_of(request), param(request, "file_id"));
  co_return polled(file_object(or_throw(std::move(found))));
}

// POST /v1/vector_stores/{vector_store_id}/files/{file_id}: replaces the attributes.
awaitable<http::Response> VectorStoresRoutes::update_file(http::Request& request) {
  const json::Value value = co_await json_body(request);
  auto body = or_throw(json::read<UpdateAttributes>(value));
  if (!json::find(value, "attributes"))
    throw ApiError(json::errors::missing({.key = "attributes"}).error());
  json::Object attributes = body.attributes ? std::move(body.attributes->values) : json::Object();
  auto changed = co_await service_.set_attributes(store_of(request), param(request, "file_id"),
                                                  std::move(attributes));
  co_return answer(file_object(or_throw(std::move(changed))));
}

// DELETE /v1/vector_stores/{vector_store_id}/files/{file_id}: the file itself stays.
awaitable<http::Response> VectorStoresRoutes::remove_file(http::Request& request) {
  const auto file = param(request, "file_id");
  auto detached = co_await service_.detach(store_of(request), file);
  or_throw(std::move(detached));
  co_return deleted(file, "vector_store.file.deleted");
}

// GET /v1/vector_stores/{vector_store_id}/files/{file_id}/content
awaitable<http::Response> VectorStoresRoutes::file_content(http::Request& request) {
  auto found = co_await service_.content(store_of(request), param(request, "file_id"));
  json::Array data;
  for (const auto& text : or_throw(std::move(found)))
    data.push_back(json::Object{{"type", "text"}, {"text", text}});
  const json::Object page{{"object", "vector_store.file_content.page"},
                          {"data", std::move(data)},
                          {"has_more", false},
                          {"next_page", nullptr}};
  co_return answer(page);
}

// POST /v1/vector_stores/{vector_store_id}/file_batches
awaitable<http::Response> VectorStoresRoutes::create_batch(http::Request& request) {
  const json::Value value = co_await json_body(request);
  auto body = or_throw(json::read<CreateBatch>(value));
  auto made = co_await service_.create_batch(store_of(request), files_of(body));
  co_return polled(batch_object(or_throw(std::move(made))));
}

// GET /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}
awaitable<http::Response> VectorStoresRoutes::retrieve_batch(http::Request& request) {
  auto found = co_await service_.get_batch(store_of(request), param(request, "batch_id"));
  co_return polled(batch_object(or_throw(std::move(found))));
}

// POST /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel
awaitable<http::Response> VectorStoresRoutes::cancel_batch(http::Request& request) {
  auto cancelled = co_await service_.cancel_batch(store_of(request), param(request, "batch_id"));
  co_return answer(batch_object(or_throw(std::move(cancelled))));
}

// GET /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/files
awaitable<http::Response> VectorStoresRoutes::list_batch_files(http::Request& request) {
  vector::files::ListFiles wanted{.store = store_of(request),
                                  .batch = param(request, "batch_id"),
                                  .status = status_filter(request),
                                  .page = page_request(request, page_rules())};
  auto found = co_await service_.list_files(std::move(wanted));
  co_return files_page(or_throw(std::move(found)));
}

}  // namespace api::vector_stores
