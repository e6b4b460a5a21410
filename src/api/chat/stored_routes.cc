#include "api/chat/stored_routes.h"

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/list.h"
#include "api/common/metadata.h"
#include "base/json/codec.h"
#include "gateway/caller.h"

namespace api::chat {
namespace {

using base::awaitable;

const PageRules kRules{.order = store::Order::Ascending};

http::Response page_response(store::Page<StoredObject> page) {
  std::vector<ListedObject> objects;
  for (auto& entry : page.entries) objects.push_back({entry.id, std::move(entry.object)});
  return http::Response::json(list_body(objects, page.has_more));
}

const base::ProjectId& project_of(const http::Request& request) {
  return request.get<gateway::Caller>().project;
}

}  // namespace

void StoredChatRoutes::add_to(http::Router& router) {
  router.get("/v1/chat/completions", this, &StoredChatRoutes::list);
  router.get("/v1/chat/completions/{completion_id}", this, &StoredChatRoutes::retrieve);
  router.post("/v1/chat/completions/{completion_id}", this, &StoredChatRoutes::update);
  router.del("/v1/chat/completions/{completion_id}", this, &StoredChatRoutes::remove);
  router.get("/v1/chat/completions/{completion_id}/messages", this, &StoredChatRoutes::messages);
}

// GET /v1/chat/completions, by `model` and `metadata[key]`.
awaitable<http::Response> StoredChatRoutes::list(http::Request& request) {
  StoredChats::Filter filter{.project = project_of(request)};
  if (const auto model = request.query().get("model")) filter.model = std::string(*model);
  for (const auto& [name, value] : request.query().object("metadata"))
    filter.metadata.emplace_back(name, value);
  store::PageRequest page = page_request(request, kRules);
  auto found = co_await chats_.list(std::move(filter), std::move(page));
  co_return page_response(or_throw(std::move(found)));
}

// GET /v1/chat/completions/{completion_id}
awaitable<http::Response> StoredChatRoutes::retrieve(http::Request& request) {
  auto found =
      co_await chats_.get(project_of(request), std::string(request.path_param("completion_id")));
  co_return http::Response::json(json::dump(or_throw(std::move(found))));
}

// POST /v1/chat/completions/{completion_id}: replaces the metadata, nothing else.
awaitable<http::Response> StoredChatRoutes::update(http::Request& request) {
  const json::Value body = co_await json_body(request);
  const auto wire = or_throw(json::read<MetadataUpdate>(body));
  Metadata metadata = or_throw(wire.metadata());
  auto changed = co_await chats_.set_metadata(
      project_of(request), std::string(request.path_param("completion_id")), std::move(metadata));
  co_return http::Response::json(json::dump(or_throw(std::move(changed))));
}

// DELETE /v1/chat/completions/{completion_id}
awaitable<http::Response> StoredChatRoutes::remove(http::Request& request) {
  const std::string id(request.path_param("completion_id"));
  auto removed = co_await chats_.remove(project_of(request), id);
  or_throw(std::move(removed));
  const json::Object body{{"object", "chat.completion.deleted"}, {"id", id}, {"deleted", true}};
  co_return http::Response::json(json::dump(body));
}

// GET /v1/chat/completions/{completion_id}/messages
awaitable<http::Response> StoredChatRoutes::messages(http::Request& request) {
  std::string id(request.path_param("completion_id"));
  store::PageRequest page = page_request(request, kRules);
  auto found = co_await chats_.messages(project_of(request), std::move(id), std::move(page));
  co_return page_response(or_throw(std::move(found)));
}

}  // namespace api::chat
