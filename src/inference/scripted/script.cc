#include "inference/scripted/script.h"

#include <array>

#include <fmt/format.h>

#include "base/json/codec.h"

namespace inference::scripted {
namespace {

// The script as it is written; converted to steps below.
struct WireCall {
  std::string name;
  std::string arguments = "{}";
  bool custom = false;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &WireCall::name),
                      json::field("arguments", &WireCall::arguments).optional(),
                      json::field("custom", &WireCall::custom).optional()};
  }
  static constexpr bool json_closed = true;
};

constexpr std::array<std::string_view, 5> kFailures{"overloaded", "rate_limited", "internal",
                                                    "timeout", "upstream_failed"};

struct WireFail {
  std::string code = "internal";
  std::string message = "The script failed here.";
  static constexpr auto json_fields() {
    return std::tuple{json::field("code", &WireFail::code).optional().one_of(kFailures),
                      json::field("message", &WireFail::message).optional()};
  }
  static constexpr bool json_closed = true;
};

constexpr std::array<std::string_view, 4> kFinishes{"stop", "length", "tool_calls",
                                                    "content_filter"};

struct WireStep {
  std::optional<std::string> text, words, reasoning, refusal, finish;
  std::optional<WireCall> tool_call;
  std::optional<WireFail> fail;
  std::optional<std::int64_t> delay_ms;
  std::int64_t repeat = 1;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("text", &WireStep::text),
        json::field("words", &WireStep::words),
        json::field("reasoning", &WireStep::reasoning),
        json::field("refusal", &WireStep::refusal),
        json::field("tool_call", &WireStep::tool_call),
        json::field("fail", &WireStep::fail),
        json::field("finish", &WireStep::finish).one_of(kFinishes),
        json::field("delay_ms", &WireStep::delay_ms).min(0).max(600'000),
        json::field("repeat", &WireStep::repeat).optional().min(1).max(1'000'000),
    };
  }
  static constexpr bool json_closed = true;
};

struct WireWhen {
  std::optional<std::string> user;
  std::optional<bool> after_tool;
  std::optional<std::int64_t> model_turn;
  static constexpr auto json_fields() {
    return std::tuple{json::field("user", &WireWhen::user),
                      json::field("after_tool", &WireWhen::after_tool),
                      json::field("model_turn", &WireWhen::model_turn).min(0)};
  }
  static constexpr bool json_closed = true;
};

struct WireTurn {
  std::optional<WireWhen> when;
  std::vector<WireStep> steps;
  static constexpr auto json_fields() {
    return std::tuple{json::field("when", &WireTurn::when), json::field("steps", &WireTurn::steps)};
  }
  static constexpr bool json_closed = true;
};

struct WireModel {
  std::string id;
  std::int64_t context_tokens = 131'072;
  std::int64_t embedding_dimensions = 64;
  std::vector<WireTurn> turns;
  static constexpr auto json_fields() {
    return std::tuple{json::field("id", &WireModel::id).length_min(1),
                      json::field("context_tokens", &WireModel::context_tokens).optional().min(1),
                      json::field("embedding_dimensions", &WireModel::embedding_dimensions)
                          .optional()
                          .min(1)
                          .max(4096),
                      json::field("turns", &WireModel::turns).length_min(1)};
  }
  static constexpr bool json_closed = true;
};

struct WireScript {
  std::vector<WireModel> models;
  static constexpr auto json_fields() {
    return std::tuple{json::field("models", &WireScript::models).length_min(1)};
  }
  static constexpr bool json_closed = true;
};

// "one two" -> "one", " two": a word keeps the space before it, as tokens do.
void add_words(std::string_view text, std::vector<Step>& steps) {
  while (!text.empty()) {
    const std::size_t end = text.find(' ', 1);
    steps.push_back(Say{std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end, text.size()));
  }
}

FinishReason finish_named(std::string_view name) {
  if (name == "length") return FinishReason::Length;
  if (name == "tool_calls") return FinishReason::ToolCalls;
  if (name == "content_filter") return FinishReason::ContentFilter;
  return FinishReason::Stop;
}

ErrorCode failure_named(std::string_view code) {
  if (code == "overloaded") return ErrorCode::Overloaded;
  if (code == "rate_limited") return ErrorCode::RateLimited;
  if (code == "timeout") return ErrorCode::Timeout;
  if (code == "upstream_failed") return ErrorCode::UpstreamFailed;
  return ErrorCode::Internal;
}

void add_steps(const WireStep& wire, std::vector<Step>& steps) {
  for (std::int64_t i = 0; i < wire.repeat; ++i) {
    if (wire.delay_ms) steps.push_back(Wait{std::chrono::milliseconds(*wire.delay_ms)});
    if (wire.reasoning) steps.push_back(Think{*wire.reasoning});
    if (wire.text) steps.push_back(Say{*wire.text});
    if (wire.words) add_words(*wire.words, steps);
    if (wire.refusal) steps.push_back(Refuse{*wire.refusal});
    if (wire.tool_call) {
      steps.push_back(
          Call{wire.tool_call->name, wire.tool_call->arguments, wire.tool_call->custom});
    }
    if (wire.fail) steps.push_back(Fail{Error{failure_named(wire.fail->code), wire.fail->message}});
    if (wire.finish) steps.push_back(End{finish_named(*wire.finish)});
  }
}

std::string last_user_text(const GenerateRequest& request) {
  if (request.prompt) {
    const auto* text = std::get_if<std::string>(&*request.prompt);
    return text ? *text : std::string();
  }
  for (auto it = request.messages.rbegin(); it != request.messages.rend(); ++it) {
    if (it->role == Role::User) return text_of(*it);
  }
  return {};
}

}  // namespace

bool Turn::fits(const GenerateRequest& request) const {
  if (user && last_user_text(request).find(*user) == std::string::npos) return false;
  if (after_tool) {
    const bool after = !request.messages.empty() && request.messages.back().role == Role::Tool;
    if (after != *after_tool) return false;
  }
  if (model_turn) {
    std::int64_t turns = 0;
    for (const Message& message : request.messages) turns += message.role == Role::Assistant;
    if (turns != *model_turn) return false;
  }
  return true;
}

Result<Script> parse_script(const json::Value& value) {
  auto wire = json::read<WireScript>(value);
  if (!wire) return fail(wire.error());
  Script script;
  for (const WireModel& wire_model : wire->models) {
    Model model{wire_model.id,
                wire_model.context_tokens,
                static_cast<int>(wire_model.embedding_dimensions),
                {}};
    for (const WireTurn& wire_turn : wire_model.turns) {
      Turn& turn = model.turns.emplace_back();
      if (wire_turn.when) {
        turn.user = wire_turn.when->user;
        turn.after_tool = wire_turn.when->after_tool;
        turn.model_turn = wire_turn.when->model_turn;
      }
      for (const WireStep& step : wire_turn.steps) add_steps(step, turn.steps);
    }
    script.models.push_back(std::move(model));
  }
  return script;
}

Script fixed_script(std::string id, std::string text) {
  Turn turn;
  add_words(text, turn.steps);
  Script script;
  script.models.push_back({.id = std::move(id),
                           .context_tokens = 131'072,
                           .embedding_dimensions = 64,
                           .turns = {turn}});
  return script;
}

}  // namespace inference::scripted
