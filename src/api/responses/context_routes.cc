#include "api/responses/context_routes.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/usage.h"
#include "api/items/compaction.h"
#include "api/items/stored.h"
#include "api/responses/compaction.h"
#include "api/responses/object.h"
#include "api/responses/request.h"
#include "base/json/errors.h"
#include "base/limits/response.h"
#include "gateway/caller.h"

namespace api::responses {
namespace {

using base::awaitable;

// The model that answers when the request names none, which only counting allows.
void default_model(const Parts& parts, json::Object& body) {
  const json::Value* given = json::find(body, "model");
  if (given && !given->is_null()) return;
  for (const auto& model : parts.backend.models()) {
    if (!model.chats) continue;
    body["model"] = model.id;
    return;
  }
}

// What asks for a response to be run means nothing here.
void refuse_running(const CreateRequest& request) {
  for (const auto& [given, name] :
       {std::pair{request.streams(), "stream"}, std::pair{request.in_background(), "background"}}) {
    if (given)
      reject(ErrorCode::InvalidRequest, fmt::format("Unknown parameter: '{}'.", name), name,
             "unknown_parameter");
  }
}

// Tools that we carry out are declared to the model like the client's own.
void offer_hosted(agent::Task& task) {
  for (const agent::HostedTool& hosted : task.hosted) {
    if (!hosted.tool->goes_first(task.generate.model))
      task.generate.tools.push_back(hosted.tool->declaration(hosted.options));
  }
}

// Shorter here than elsewhere.
void check_cache_key(const json::Object& body) {
  const json::Value* given = json::find(body, "prompt_cache_key");
  if (!given || given->is_null()) return;
  json::Constraints limits;
  limits.length_max = limits::compact_cache_key_chars_max;
  std::string ignored;
  or_throw(json::errors::read_string(ignored, *given, {.key = "prompt_cache_key"}, limits));
}

json::Object object_body(json::Value body) {
  auto* object = body.if_object();
  if (!object) reject(ErrorCode::InvalidRequest, "The request's body must be a JSON object.");
  return std::move(*object);
}

}  // namespace

void ContextRoutes::add_to(http::Router& router) {
  router.post("/v1/responses/input_tokens", this, &ContextRoutes::input_tokens);
  router.post("/v1/responses/count_tokens", this, &ContextRoutes::input_tokens);
  router.post("/v1/responses/compact", this, &ContextRoutes::compact_context);
}

awaitable<agent::Task> ContextRoutes::read(http::Request& request, json::Object body, Turn& turn) {
  if (const json::Value* input = json::find(body, "input"); input && input->is_null())
    body.erase("input");  // may be null here
  CreateRequest wire = parse_request(body);
  refuse_running(wire);
  const auto project = request.get<gateway::Caller>().project;
  co_await prepare(parts_, project, std::move(wire), turn, Purpose::Read);
  auto task = co_await task_for(parts_, turn);
  co_return std::move(task);
}

// POST /v1/responses/input_tokens
awaitable<http::Response> ContextRoutes::input_tokens(http::Request& request) {
  json::Value given = co_await json_body(request);
  json::Object body = object_body(std::move(given));
  body.erase("personality");  // a style of the vendor's own models
  default_model(parts_, body);
  Turn turn;
  agent::Task task = co_await read(request, std::move(body), turn);
  offer_hosted(task);
  auto counted = co_await parts_.backend.count_tokens(std::move(task.generate));
  if (!counted) throw ApiError(for_responses(std::move(counted.error()), turn.request.model));
  const json::Object out{{"object", "response.input_tokens"}, {"input_tokens", *counted}};
  co_return http::Response::json(json::dump(out));
}

// POST /v1/responses/compact: the messages of the user as they are, and one item for all the rest.
awaitable<http::Response> ContextRoutes::compact_context(http::Request& request) {
  json::Value given = co_await json_body(request);
  json::Object body = object_body(std::move(given));
  check_cache_key(body);
  Turn turn;
  agent::Task task = co_await read(request, std::move(body), turn);
  const Compacted compacted = co_await compact(parts_, turn, std::move(task.generate));

  json::Array output;
  for (items::Item& message : items::user_messages(turn.read)) {
    message["id"] = items::new_id(parts_.ids, "message", turn.family);
    message["status"] = "completed";
    output.push_back(items::shown(message, {}));
  }
  output.push_back(compacted.item);
  const json::Object out{{"id", turn.key.id},
                         {"object", "response.compaction"},
                         {"created_at", turn.created_at},
                         {"output", std::move(output)},
                         {"usage", response_usage(compacted.usage)}};
  co_return http::Response::json(json::dump(out));
}

}  // namespace api::responses
