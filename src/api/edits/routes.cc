#include "api/edits/routes.h"

#include <map>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/usage.h"
#include "api/edits/types.h"
#include "base/json/codec.h"
#include "gateway/caller.h"

namespace api::edits {
namespace {

inference::GenerateRequest to_generate(const CreateRequest& wire) {
  using inference::Role;
  inference::GenerateRequest out;
  out.model = wire.model;
  out.messages = {
      inference::text_message(
          Role::System,
          "Rewrite the user's text as the instruction says. Answer with the rewritten text only.\n"
          "Instruction: " +
              wire.instruction),
      inference::text_message(Role::User, wire.input.value_or(""))};
  out.choices = static_cast<int>(wire.n.value_or(1));
  out.sampling.temperature = wire.temperature.value_or(1.0);
  out.sampling.top_p = wire.top_p.value_or(1.0);
  return out;
}

}  // namespace

void EditsRoutes::add_to(http::Router& router) {
  router.post("/v1/edits", this, &EditsRoutes::create);
}

// POST /v1/edits
base::awaitable<http::Response> EditsRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  const CreateRequest wire = or_throw(json::read<CreateRequest>(body));
  inference::GenerateRequest generate = to_generate(wire);
  generate.project = request.get<gateway::Caller>().project;
  auto started = co_await backend_.generate(std::move(generate));
  auto events = or_throw(std::move(started));

  std::map<int, std::string> texts;
  inference::Usage usage;
  while (true) {
    const inference::Event event = co_await events->next();
    if (const auto* failed = std::get_if<inference::Failed>(&event)) throw ApiError(failed->error);
    if (const auto* piece = std::get_if<inference::TextDelta>(&event))
      texts[piece->choice] += piece->text;
    if (const auto* end = std::get_if<inference::ChoiceFinished>(&event)) texts[end->choice];
    if (const auto* finished = std::get_if<inference::Finished>(&event)) {
      usage = finished->usage;
      break;
    }
  }

  json::Array choices;
  for (const auto& [index, text] : texts)
    choices.emplace_back(json::Object{{"text", text}, {"index", index}});
  co_return http::Response::json(json::dump(json::Object{{"object", "edit"},
                                                         {"created", clock_.unix_seconds()},
                                                         {"choices", std::move(choices)},
                                                         {"usage", completion_usage(usage)}}));
}

}  // namespace api::edits
