#include "api/responses/object.h"

#include <fmt/format.h>

#include "api/common/error_body.h"
#include "api/common/usage.h"
#include "base/json/codec.h"

namespace api::responses {
namespace {

json::Object reasoning_object(const CreateRequest& request) {
  json::Object out{{"effort", nullptr}, {"summary", nullptr}};
  if (!request.reasoning) return out;
  out["effort"] = json::write(request.reasoning->effort);
  out["summary"] = json::write(request.reasoning->summary);
  if (request.reasoning->context) out["context"] = *request.reasoning->context;
  if (request.reasoning->mode) out["mode"] = *request.reasoning->mode;
  return out;
}

json::Object text_object(const CreateRequest& request) {
  const Text text = request.text.value_or(Text{});
  return {{"format", text.format.value_or(TextFormat{}).to_json()},
          {"verbosity", text.verbosity.value_or("medium")}};
}

json::Array tools_array(const CreateRequest& request) {
  json::Array out;
  if (!request.tools) return out;
  for (const Tool& tool : *request.tools) out.emplace_back(tool.body);
  return out;
}

// What `auto` became; the others as asked.
std::string resolved_tier(const json::Object& response) {
  const std::string_view tier = json::string_or(response, "service_tier", "auto");
  return std::string(tier == "auto" ? "default" : tier);
}

std::string echoed_tier(const CreateRequest& request) {
  const std::string tier = request.service_tier.value_or("auto");
  return tier == "fast" ? "priority" : tier;
}

}  // namespace

json::Object begun_response(const CreateRequest& request, const Head& head) {
  json::Object out{{"id", head.id},
                   {"object", "response"},
                   {"created_at", head.created_at},
                   {"status", head.status},
                   {"background", request.in_background()},
                   {"completed_at", nullptr},
                   {"error", nullptr},
                   {"frequency_penalty", request.frequency_penalty.value_or(0.0)},
                   {"incomplete_details", nullptr},
                   {"instructions", json::write(request.instructions)},
                   {"max_output_tokens", json::write(request.max_output_tokens)},
                   {"max_tool_calls", json::write(request.max_tool_calls)},
                   {"model", request.model},
                   {"moderation", nullptr},
                   {"output", json::Array()},
                   {"parallel_tool_calls", request.parallel_tool_calls.value_or(true)},
                   {"presence_penalty", request.presence_penalty.value_or(0.0)},
                   {"previous_response_id", json::write(request.previous_response_id)},
                   {"prompt_cache_key", json::write(request.prompt_cache_key)},
                   {"prompt_cache_retention", json::write(request.prompt_cache_retention)},
                   {"reasoning", reasoning_object(request)},
                   {"safety_identifier", json::write(request.safety_identifier)},
                   {"service_tier", echoed_tier(request)},
                   {"store", request.stores()},
                   {"temperature", request.temperature.value_or(1.0)},
                   {"text", text_object(request)},
                   {"tool_choice", request.tool_choice.value_or(ToolChoice{}).to_json()},
                   {"tools", tools_array(request)},
                   {"top_logprobs", request.top_logprobs.value_or(0)},
                   {"top_p", request.top_p.value_or(1.0)},
                   {"truncation", request.truncation.value_or("disabled")},
                   {"metadata", request.metadata.value_or(Metadata{}).to_json()}};
  // Present only when given: the description does not let them be null.
  if (request.user) out["user"] = *request.user;
  if (request.conversation) out["conversation"] = json::Object{{"id", request.conversation->id}};
  if (request.prompt_cache_options) {
    out["prompt_cache_options"] =
        json::Object{{"mode", request.prompt_cache_options->mode.value_or("implicit")},
                     {"ttl", request.prompt_cache_options->ttl.value_or("30m")}};
  }
  return out;
}

void complete(json::Object& response, inference::FinishReason reason, const inference::Usage& usage,
              std::int64_t now) {
  using inference::FinishReason;
  const bool cut = reason == FinishReason::Length;
  const bool filtered = reason == FinishReason::ContentFilter;
  response["status"] = cut || filtered ? "incomplete" : "completed";
  if (cut || filtered) {
    response["incomplete_details"] =
        json::Object{{"reason", cut ? "max_output_tokens" : "content_filter"}};
  } else {
    response["completed_at"] = now;
  }
  response["service_tier"] = resolved_tier(response);
  response["usage"] = response_usage(usage);
}

void fail_response(json::Object& response, const Error& error) {
  // The description has a closed list of codes; what has no code of its own is ours.
  std::string code = error.reason;
  if (error.code == ErrorCode::RateLimited || error.code == ErrorCode::Overloaded)
    code = "rate_limit_exceeded";
  const bool known = code == "rate_limit_exceeded" || code == "invalid_prompt" ||
                     code == "context_length_exceeded" || code == "insufficient_quota";
  if (!known) code = error.code == ErrorCode::InvalidRequest ? "invalid_prompt" : "server_error";
  response["status"] = "failed";
  response["service_tier"] = resolved_tier(response);
  response["error"] = json::Object{{"code", code}, {"message", error_object(error)["message"]}};
}

void cancel(json::Object& response) {
  response["status"] = "cancelled";
  response["service_tier"] = resolved_tier(response);
}

bool is_terminal(const json::Object& response) {
  const std::string_view status = json::string_or(response, "status");
  return status != "queued" && status != "in_progress";
}

std::string_view terminal_event(const json::Object& response) {
  const std::string_view status = json::string_or(response, "status");
  return status == "cancelled" ? "incomplete" : status;
}

Error for_responses(Error error, const std::string& model) {
  if (error.reason == "model_not_found") {
    error.code = ErrorCode::InvalidRequest;
    error.message = fmt::format("The requested model '{}' does not exist.", model);
    error.param = "model";
  } else if (error.reason == "context_length_exceeded") {
    error.message =
        "Your input exceeds the context window of this model. Please adjust your input and try "
        "again.";
    error.param = "input";
  } else if (error.param == "messages") {
    error.param = "input";
  } else if (error.param == "max_tokens") {
    error.param = "max_output_tokens";
  }
  return error;
}

}  // namespace api::responses
