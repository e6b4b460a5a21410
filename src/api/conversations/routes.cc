#include "api/conversations/routes.h"

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/list.h"
#include "api/conversations/types.h"
#include "api/items/include_query.h"
#include "base/json/codec.h"
#include "gateway/caller.h"

namespace api::conversations {
namespace {

using base::awaitable;

const base::ProjectId& project_of(const http::Request& request) {
  return request.get<gateway::Caller>().project;
}

std::string id_of(const http::Request& request) {
  std::string id(request.path_param("conversation_id"));
  if (id.starts_with("conv_")) return id;
  reject(
      ErrorCode::InvalidRequest,
      fmt::format("Invalid 'conversation_id': '{}'. Expected an ID that begins with 'conv'.", id),
      "conversation_id", "invalid_value");
}

http::Response list_response(const std::vector<items::Item>& items, const items::Include& include,
                             bool has_more) {
  std::vector<ListedObject> objects;
  for (const auto& item : items)
    objects.push_back({std::string(items::id_of(item)), items::shown(item, include)});
  return http::Response::json(list_body(objects, has_more));
}

http::Response conversation_response(Result<Conversation> conversation) {
  const Conversation found = or_throw(std::move(conversation));
  return http::Response::json(json::dump(conversation_object(found)));
}

}  // namespace

void ConversationsRoutes::add_to(http::Router& router) {
  const std::string one = "/v1/conversations/{conversation_id}";
  router.post("/v1/conversations", this, &ConversationsRoutes::create);
  router.get(one, this, &ConversationsRoutes::retrieve);
  router.post(one, this, &ConversationsRoutes::update);
  router.del(one, this, &ConversationsRoutes::remove);
  router.post(one + "/items", this, &ConversationsRoutes::add_items);
  router.get(one + "/items", this, &ConversationsRoutes::list_items);
  router.get(one + "/items/{item_id}", this, &ConversationsRoutes::retrieve_item);
  router.del(one + "/items/{item_id}", this, &ConversationsRoutes::remove_item);
}

// POST /v1/conversations. A client may send no body at all.
awaitable<http::Response> ConversationsRoutes::create(http::Request& request) {
  json::Value body = co_await json_body_or_null(request);
  if (body.is_null()) body = json::Object();
  auto wire = or_throw(json::read<CreateRequest>(body));
  Metadata metadata = std::move(wire.metadata).value_or(Metadata{});
  std::vector<items::Item> items;
  if (wire.items) items = std::move(wire.items->items);
  auto created =
      co_await service_.create(project_of(request), std::move(metadata), std::move(items));
  co_return conversation_response(std::move(created));
}

// GET /v1/conversations/{conversation_id}
awaitable<http::Response> ConversationsRoutes::retrieve(http::Request& request) {
  auto found = co_await service_.get(project_of(request), id_of(request));
  co_return conversation_response(std::move(found));
}

// POST /v1/conversations/{conversation_id}: replaces the metadata.
awaitable<http::Response> ConversationsRoutes::update(http::Request& request) {
  const json::Value body = co_await json_body(request);
  const auto wire = or_throw(json::read<MetadataUpdate>(body));
  Metadata metadata = or_throw(wire.metadata());
  auto changed =
      co_await service_.set_metadata(project_of(request), id_of(request), std::move(metadata));
  co_return conversation_response(std::move(changed));
}

// DELETE /v1/conversations/{conversation_id}
awaitable<http::Response> ConversationsRoutes::remove(http::Request& request) {
  const std::string id = id_of(request);
  auto removed = co_await service_.remove(project_of(request), id);
  or_throw(std::move(removed));
  const json::Object body{{"id", id}, {"object", "conversation.deleted"}, {"deleted", true}};
  co_return http::Response::json(json::dump(body));
}

// POST /v1/conversations/{conversation_id}/items: answers with what was added.
awaitable<http::Response> ConversationsRoutes::add_items(http::Request& request) {
  const items::Include include = items::include_query(request.query());
  const json::Value body = co_await json_body(request);
  auto wire = or_throw(json::read<AddItemsRequest>(body));
  auto added =
      co_await service_.add_items(project_of(request), id_of(request), std::move(wire.items.items));
  co_return list_response(or_throw(std::move(added)), include, false);
}

// GET /v1/conversations/{conversation_id}/items
awaitable<http::Response> ConversationsRoutes::list_items(http::Request& request) {
  const items::Include include = items::include_query(request.query());
  store::PageRequest wanted = page_request(request, PageRules());
  auto found = co_await service_.list_items(project_of(request), id_of(request), std::move(wanted));
  const auto page = or_throw(std::move(found));
  co_return list_response(page.entries, include, page.has_more);
}

// GET /v1/conversations/{conversation_id}/items/{item_id}
awaitable<http::Response> ConversationsRoutes::retrieve_item(http::Request& request) {
  const items::Include include = items::include_query(request.query());
  auto found = co_await service_.get_item(project_of(request), id_of(request),
                                          std::string(request.path_param("item_id")));
  const items::Item item = or_throw(std::move(found));
  co_return http::Response::json(json::dump(items::shown(item, include)));
}

// DELETE /v1/conversations/{conversation_id}/items/{item_id}: answers with the conversation.
awaitable<http::Response> ConversationsRoutes::remove_item(http::Request& request) {
  auto removed = co_await service_.remove_item(project_of(request), id_of(request),
                                               std::string(request.path_param("item_id")));
  co_return conversation_response(std::move(removed));
}

}  // namespace api::conversations
