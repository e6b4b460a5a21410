#include "api/completions/routes.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/error_body.h"
#include "api/common/json_body.h"
#include "api/common/usage.h"
#include "api/completions/chunks.h"
#include "api/completions/logprobs.h"
#include "base/encoding.h"
#include "base/json/codec.h"
#include "gateway/caller.h"

namespace api::completions {
namespace {

using base::awaitable;

constexpr std::int64_t kMaxTokensDefault = 16;  // the legacy API's own

std::int64_t best_of(const CreateRequest& wire) {
  return std::max(wire.best_of.value_or(1), wire.n.value_or(1));
}

void check(const CreateRequest& wire) {
  const auto n = wire.n.value_or(1);
  if (wire.best_of && *wire.best_of != 0 && *wire.best_of < n) {
    reject(ErrorCode::InvalidRequest,
           fmt::format("You requested that the server return more choices than it will generate "
                       "(HINT: you must set 'n' "
                       "(currently {}) to be at most 'best_of' (currently {}), or omit either "
                       "parameter if you don't "
                       "specifically want to use them.)",
                       n, *wire.best_of),
           "best_of");
  }
  if (wire.stream.value_or(false) && best_of(wire) > n) {
    reject(
        ErrorCode::InvalidRequest,
        "You cannot stream results with 'best_of' above 'n': the best are known only at the end.",
        "best_of");
  }
  if (wire.stream_options && !wire.stream.value_or(false)) {
    reject(ErrorCode::InvalidRequest,
           "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
           "stream_options");
  }
  if (wire.suffix && wire.echo.value_or(false)) {
    reject(ErrorCode::InvalidRequest, "'suffix' and 'echo' cannot be used together.", "suffix");
  }
}

inference::GenerateRequest to_generate(const CreateRequest& wire, inference::RawPrompt prompt) {
  inference::GenerateRequest out;
  out.model = wire.model;
  out.prompt = std::move(prompt);
  out.suffix = wire.suffix;
  out.echo_logprobs = wire.echo.value_or(false);
  out.choices = static_cast<int>(best_of(wire));
  auto& sampling = out.sampling;
  sampling.temperature = wire.temperature.value_or(1.0);
  sampling.top_p = wire.top_p.value_or(1.0);
  sampling.presence_penalty = wire.presence_penalty.value_or(0);
  sampling.frequency_penalty = wire.frequency_penalty.value_or(0);
  if (wire.logit_bias) sampling.logit_bias = wire.logit_bias->entries;
  sampling.seed = wire.seed;
  sampling.tokens_max = wire.max_tokens.value_or(kMaxTokensDefault);
  if (wire.stop) sampling.stop = wire.stop->strings;
  if (wire.logprobs) sampling.top_logprobs = *wire.logprobs;
  // Ranking needs the probabilities even when they are not shown.
  if (best_of(wire) > wire.n.value_or(1) && !wire.logprobs) sampling.top_logprobs = 0;
  return out;
}

struct Choice {
  std::string text;
  std::vector<inference::TokenLogprob> logprobs;
  inference::FinishReason reason = inference::FinishReason::Stop;

  double mean_logprob() const {
    if (logprobs.empty()) return 0;
    double sum = 0;
    for (const auto& token : logprobs) sum += token.logprob;
    return sum / static_cast<double>(logprobs.size());
  }
};

struct Collected {
  std::vector<inference::TokenLogprob> prompt;
  std::map<int, Choice> choices;
  inference::Usage usage;
};

awaitable<Collected> collect(inference::EventStream& events) {
  Collected out;
  while (true) {
    inference::Event event = co_await events.next();
    if (const auto* failed = std::get_if<inference::Failed>(&event)) throw ApiError(failed->error);
    if (auto* started = std::get_if<inference::Started>(&event))
      out.prompt = std::move(started->prompt);
    if (const auto* piece = std::get_if<inference::TextDelta>(&event)) {
      Choice& choice = out.choices[piece->choice];
      choice.text += piece->text;
      choice.logprobs.insert(choice.logprobs.end(), piece->logprobs.begin(), piece->logprobs.end());
    }
    if (const auto* end = std::get_if<inference::ChoiceFinished>(&event))
      out.choices[end->choice].reason = end->reason;
    if (const auto* finished = std::get_if<inference::Finished>(&event)) {
      out.usage = finished->usage;
      co_return out;
    }
  }
}

// The `n` best of a prompt's choices, as JSON, numbered from `index`.
void append_choices(const CreateRequest& wire, const Collected& collected, std::int64_t index,
                    json::Array& out) {
  std::vector<const Choice*> ranked;
  for (const auto& [number, choice] : collected.choices) ranked.push_back(&choice);
  if (best_of(wire) > wire.n.value_or(1)) {
    std::stable_sort(ranked.begin(), ranked.end(), [](const Choice* a, const Choice* b) {
      return a->mean_logprob() > b->mean_logprob();
    });
  }
  ranked.resize(std::min<std::size_t>(ranked.size(), static_cast<std::size_t>(wire.n.value_or(1))));
  const std::string prompt = text_of(collected.prompt);
  for (const Choice* choice : ranked) {
    json::Value logprobs = nullptr;
    if (wire.logprobs) {
      std::vector<inference::TokenLogprob> tokens = collected.prompt;
      tokens.insert(tokens.end(), choice->logprobs.begin(), choice->logprobs.end());
      logprobs = legacy_logprobs(tokens, 0, !collected.prompt.empty());
    }
    out.emplace_back(json::Object{{"text", base::utf8_repair(prompt) + choice->text},
                                  {"index", index++},
                                  {"logprobs", std::move(logprobs)},
                                  {"finish_reason", finish_reason(choice->reason)}});
  }
}

}  // namespace

void CompletionsRoutes::add_to(http::Router& router) {
  router.post("/v1/completions", this, &CompletionsRoutes::create);
}

// POST /v1/completions
awaitable<http::Response> CompletionsRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  CreateRequest wire = or_throw(json::read<CreateRequest>(body));
  check(wire);
  auto events = co_await start(wire, request.get<gateway::Caller>());
  const std::string id = ids_.completion();
  if (wire.stream.value_or(false)) {
    co_return http::Response::sse(this, &CompletionsRoutes::stream, std::move(events),
                                  std::move(wire), id);
  }

  json::Array choices;
  inference::Usage usage;
  for (auto& each : events) {
    const Collected collected = co_await collect(*each);
    append_choices(wire, collected, static_cast<std::int64_t>(choices.size()), choices);
    add(usage, collected.usage);
  }
  json::Object out = head(wire, id, clock_.unix_seconds());
  out["choices"] = std::move(choices);
  out["usage"] = completion_usage(usage);
  co_return http::Response::json(json::dump(out));
}

awaitable<std::vector<CompletionsRoutes::Events>> CompletionsRoutes::start(CreateRequest wire,
                                                                           gateway::Caller caller) {
  std::vector<inference::RawPrompt> prompts;
  if (wire.prompt)
    prompts = wire.prompt->each;
  else
    prompts.emplace_back(std::string());
  std::vector<Events> out;
  for (auto& prompt : prompts) {
    inference::GenerateRequest generate = to_generate(wire, std::move(prompt));
    generate.project = caller.project;
    generate.priority = caller.priority;
    auto started = co_await backend_.generate(std::move(generate));
    out.push_back(or_throw(std::move(started)));
  }
  co_return out;
}

// The prompts' streams one after the other: they run side by side in the engine, only their telling
// is in order.
awaitable<> CompletionsRoutes::stream(http::SseWriter& sse, std::vector<Events> events,
                                      CreateRequest wire, std::string id) {
  Chunks chunks(wire, std::move(id), clock_.unix_seconds(), ids_.random());
  for (std::size_t prompt = 0; prompt < events.size(); ++prompt) {
    bool done = false;
    while (!done) {
      const inference::Event event = co_await events[prompt]->next();
      if (const auto* failed = std::get_if<inference::Failed>(&event)) {
        const std::string text = error_event(failed->error);
        co_await sse.data(text);
        co_return;
      }
      for (const std::string& chunk : chunks.add(prompt, event)) co_await sse.data(chunk);
      done = std::holds_alternative<inference::Finished>(event);
    }
  }
  for (const std::string& chunk : chunks.finish()) co_await sse.data(chunk);
  co_await sse.data("[DONE]");
}

}  // namespace api::completions
