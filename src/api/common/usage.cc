#include "api/common/usage.h"

#include <algorithm>

#include "base/encoding.h"

namespace api {
namespace {

// The API's "very unlikely": what a log probability below it, or minus infinity, is reported as.
constexpr float kLogprobFloor = -9999.0f;

json::Object one(std::string_view token, float logprob) {
  json::Array bytes;
  for (const unsigned char c : token) bytes.emplace_back(static_cast<std::int64_t>(c));
  json::Object out;
  out["token"] = base::utf8_repair(token);
  out["logprob"] = std::max(logprob, kLogprobFloor);
  out["bytes"] = std::move(bytes);
  return out;
}

}  // namespace

json::Object completion_usage(const inference::Usage& usage) {
  return {
      {"prompt_tokens", usage.input_tokens},
      {"completion_tokens", usage.output_tokens},
      {"total_tokens", usage.total()},
      {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"audio_tokens", 0}}},
      {"completion_tokens_details",
       {{"reasoning_tokens", usage.reasoning_tokens},
        {"audio_tokens", 0},
        {"accepted_prediction_tokens", usage.accepted_prediction_tokens},
        {"rejected_prediction_tokens", usage.rejected_prediction_tokens}}},
  };
}

json::Object response_usage(const inference::Usage& usage) {
  return {
      {"input_tokens", usage.input_tokens},
      {"input_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"cache_write_tokens", 0}}},
      {"output_tokens", usage.output_tokens},
      {"output_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}},
      {"total_tokens", usage.total()},
  };
}

json::Array token_logprobs(const std::vector<inference::TokenLogprob>& tokens) {
  json::Array out;
  for (const auto& token : tokens) {
    json::Object entry = one(token.token, token.logprob);
    json::Array top;
    for (const auto& rival : token.top) top.emplace_back(one(rival.token, rival.logprob));
    entry["top_logprobs"] = std::move(top);
    out.emplace_back(std::move(entry));
  }
  return out;
}

const char* finish_reason(inference::FinishReason reason) {
  switch (reason) {
    case inference::FinishReason::Stop: return "stop";
    case inference::FinishReason::Length: return "length";
    case inference::FinishReason::ToolCalls: return "tool_calls";
    case inference::FinishReason::ContentFilter: return "content_filter";
  }
  return "stop";
}

}  // namespace api
