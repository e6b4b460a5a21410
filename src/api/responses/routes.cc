#include "api/responses/routes.h"

#include <algorithm>
#include <charconv>
#include <exception>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/list.h"
#include "api/items/include_query.h"
#include "api/items/page.h"
#include "api/responses/object.h"
#include "base/log.h"
#include "gateway/caller.h"

namespace api::responses {
namespace {

using base::awaitable;

records::Key key_of(const http::Request& request) {
  return {request.get<gateway::Caller>().project, std::string(request.path_param("response_id"))};
}

bool wants_stream(const http::Request& request) {
  const auto stream = request.query().get("stream");
  return stream && (*stream == "true" || *stream == "1");
}

// The first event to send.
std::int64_t first_event(const http::Request& request) {
  const auto text = request.query().get("starting_after");
  if (!text) return 0;
  std::int64_t after = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), after);
  if (error != std::errc() || end != text->data() + text->size() || after < 0) {
    reject(ErrorCode::InvalidRequest,
           "Invalid type for 'starting_after': expected an integer, but got a string instead.",
           "starting_after", "invalid_type");
  }
  return after + 1;
}

}  // namespace

ResponsesRoutes::ResponsesRoutes(const Parts& parts)
    : parts_(parts), foreground_(parts), background_(parts), context_(parts) {
  // Whoever held a conversation for a client has gone with the process that served it.
  auto released = parts.database.write_blocking([](store::Transaction& transaction) {
    return store::items::release_others(transaction, kJobHolder);
  });
  if (!released)
    LOG(Warning, "responses: conversations may stay locked: {}", released.error().message);
}

void ResponsesRoutes::add_to(http::Router& router) {
  context_.add_to(router);
  router.post("/v1/responses", this, &ResponsesRoutes::create);
  router.get("/v1/responses/{response_id}", this, &ResponsesRoutes::retrieve);
  router.del("/v1/responses/{response_id}", this, &ResponsesRoutes::remove);
  router.post("/v1/responses/{response_id}/cancel", this, &ResponsesRoutes::cancel);
  router.get("/v1/responses/{response_id}/input_items", this, &ResponsesRoutes::input_items);
}

// POST /v1/responses
awaitable<http::Response> ResponsesRoutes::create(http::Request& request) {
  json::Value body = co_await json_body(request);
  CreateRequest wire = parse_request(body);
  const auto& caller = request.get<gateway::Caller>();
  Turn turn;
  turn.priority = caller.priority;
  std::shared_ptr<ConversationLock> lock;
  std::exception_ptr failed;
  try {
    co_await prepare(parts_, caller.project, std::move(wire), turn);
    lock = turn.lock;
    auto response = co_await run(std::move(turn), std::move(body));
    co_return std::move(response);
  } catch (const ApiError&) {
    failed = std::current_exception();
  }
  if (!lock) lock = turn.lock;
  if (lock) co_await lock->give_back();
  std::rethrow_exception(failed);
}

awaitable<http::Response> ResponsesRoutes::run(Turn turn, json::Value body) {
  if (turn.request.in_background()) return background_.create(std::move(turn), std::move(body));
  return foreground_.create(std::move(turn));
}

// GET /v1/responses/{response_id}
awaitable<http::Response> ResponsesRoutes::retrieve(http::Request& request) {
  const records::Key key = key_of(request);
  const items::Include include = items::include_query(request.query());
  if (wants_stream(request)) {
    auto events = co_await replay(request, key);
    co_return std::move(events);
  }
  if (request.query().contains("starting_after")) {
    reject(ErrorCode::InvalidRequest,
           "The 'starting_after' parameter is only allowed when 'stream' is true.",
           "starting_after");
  }
  const std::int64_t now = parts_.clock.unix_seconds();
  auto found = co_await parts_.database.read(
      parts_.pools.store, [&](store::Session& session) -> Result<json::Object> {
        auto stored = records::get(session, key, now);
        if (!stored) return fail(stored.error());
        return records::whole(session, key, stored->record, include);
      });
  co_return http::Response::json(json::dump(or_throw(std::move(found))));
}

// GET /v1/responses/{response_id}?stream=true: what was said, and what is still to be said.
awaitable<http::Response> ResponsesRoutes::replay(http::Request& request, records::Key key) {
  const std::int64_t first = first_event(request);
  const std::int64_t now = parts_.clock.unix_seconds();
  auto found = co_await parts_.database.read(
      parts_.pools.store, [&](store::Session& session) { return records::get(session, key, now); });
  const auto stored = or_throw(std::move(found));
  if (!stored.record.streamed) {
    reject(ErrorCode::InvalidRequest,
           "This response cannot be streamed because it was not created with background=true and "
           "stream=true.",
           "stream");
  }
  co_return http::Response::sse(&background_, &Background::follow, std::move(key), first);
}

// DELETE /v1/responses/{response_id}
awaitable<http::Response> ResponsesRoutes::remove(http::Request& request) {
  const records::Key key = key_of(request);
  auto removed = co_await background_.remove(key);
  or_throw(std::move(removed));
  const json::Object body{{"id", key.id}, {"object", "response"}, {"deleted", true}};
  co_return http::Response::json(json::dump(body));
}

// POST /v1/responses/{response_id}/cancel
awaitable<http::Response> ResponsesRoutes::cancel(http::Request& request) {
  const records::Key key = key_of(request);
  auto cancelled = co_await background_.cancel(key);
  const records::Record record = or_throw(std::move(cancelled));
  auto whole = co_await parts_.database.read(parts_.pools.store, [&](store::Session& session) {
    return records::whole(session, key, record, {});
  });
  co_return http::Response::json(json::dump(or_throw(std::move(whole))));
}

// GET /v1/responses/{response_id}/input_items: with what it inherited, newest first.
awaitable<http::Response> ResponsesRoutes::input_items(http::Request& request) {
  const records::Key key = key_of(request);
  const items::Include include = items::include_query(request.query());
  const store::PageRequest wanted = page_request(request, {});
  const std::int64_t now = parts_.clock.unix_seconds();
  auto found = co_await parts_.database.read(
      parts_.pools.store, [&](store::Session& session) -> Result<std::vector<items::Item>> {
        if (auto stored = records::get(session, key, now); !stored) return fail(stored.error());
        return records::read_by(session, key, now);
      });
  const auto page = or_throw(items::page_of(or_throw(std::move(found)), wanted));
  std::vector<ListedObject> objects;
  for (const auto& item : page.entries)
    objects.push_back({std::string(items::id_of(item)), items::shown(item, include)});
  co_return http::Response::json(list_body(objects, page.has_more));
}

}  // namespace api::responses
