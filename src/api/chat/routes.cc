#include "api/chat/routes.h"

#include "api/chat/files.h"
#include "api/chat/request.h"
#include "api/common/api_error.h"
#include "api/common/error_body.h"
#include "api/common/json_body.h"
#include "gateway/caller.h"

namespace api::chat {

using base::awaitable;

void ChatRoutes::add_to(http::Router& router) {
  router.post("/v1/chat/completions", this, &ChatRoutes::create);
}

// POST /v1/chat/completions
awaitable<http::Response> ChatRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  CreateRequest wire = parse_request(body);
  const auto& caller = request.get<gateway::Caller>();
  co_await read_files(files_, caller.project, wire);
  inference::GenerateRequest generate = to_generate(wire);
  generate.project = caller.project;
  generate.priority = caller.priority;

  const Envelope envelope = envelope_for(wire, ids_.chat_completion(), clock_.unix_seconds());
  auto started = co_await backend_.generate(std::move(generate));
  Events events = or_throw(std::move(started));

  std::optional<ToStore> to_store;
  if (wire.store.value_or(false)) {
    to_store = ToStore{.project = request.get<gateway::Caller>().project,
                       .request = body.get_object(),
                       .request_id = request.id()};
  }
  if (wire.stream.value_or(false)) {
    const StreamOptions options = wire.stream_options.value_or(StreamOptions{});
    Chunks chunks(envelope,
                  {.include_usage = options.include_usage.value_or(false),
                   .obfuscate = options.include_obfuscation.value_or(true)},
                  ids_.random());
    if (to_store) {
      co_return http::Response::sse(this, &ChatRoutes::stream_stored, std::move(events),
                                    std::move(chunks), Completion(envelope), std::move(*to_store));
    }
    co_return http::Response::sse(this, &ChatRoutes::stream, std::move(events), std::move(chunks));
  }

  Completion completion(envelope);
  while (true) {
    const inference::Event event = co_await events->next();
    if (const auto* failed = std::get_if<inference::Failed>(&event)) throw ApiError(failed->error);
    completion.add(event);
    if (std::holds_alternative<inference::Finished>(event)) break;
  }
  const json::Object object = completion.object();
  if (to_store) {
    auto stored = co_await stored_.store(*to_store, object);
    or_throw(std::move(stored));
  }
  co_return http::Response::json(json::dump(object));
}

awaitable<> ChatRoutes::stream(http::SseWriter& sse, Events events, Chunks chunks) {
  while (true) {
    const inference::Event event = co_await events->next();
    if (const auto* failed = std::get_if<inference::Failed>(&event)) {
      const std::string text = error_event(failed->error);
      co_await sse.data(text);
      co_return;
    }
    for (const std::string& chunk : chunks.add(event)) co_await sse.data(chunk);
    if (std::holds_alternative<inference::Finished>(event)) break;
  }
  co_await sse.data("[DONE]");
}

awaitable<> ChatRoutes::stream_stored(http::SseWriter& sse, Events events, Chunks chunks,
                                      Completion completion, ToStore to_store) {
  std::vector<std::string> ends;  // finish reasons and usage wait until the completion is durable
  while (true) {
    const inference::Event event = co_await events->next();
    if (const auto* failed = std::get_if<inference::Failed>(&event)) {
      const std::string text = error_event(failed->error);
      co_await sse.data(text);
      co_return;
    }
    completion.add(event);
    const bool finished = std::holds_alternative<inference::Finished>(event);
    const bool is_end = finished || std::holds_alternative<inference::ChoiceFinished>(event);
    for (std::string& chunk : chunks.add(event)) {
      if (is_end)
        ends.push_back(std::move(chunk));
      else
        co_await sse.data(chunk);
    }
    if (finished) break;
  }
  const auto stored = co_await stored_.store(to_store, completion.object());
  if (!stored) {
    const std::string text = error_event(stored.error());
    co_await sse.data(text);
    co_return;
  }
  for (const std::string& chunk : ends) co_await sse.data(chunk);
  co_await sse.data("[DONE]");
}

}  // namespace api::chat
