// `usage` of chat completions and completions, and the log probability shapes they share with
// Responses.
#pragma once

#include "base/json/value.h"
#include "inference/event.h"

namespace api {

// prompt_tokens, completion_tokens, total_tokens and their details.
json::Object completion_usage(const inference::Usage& usage);
// input_tokens, output_tokens, total_tokens and their details: the Responses form.
json::Object response_usage(const inference::Usage& usage);
// [{token, logprob, bytes, top_logprobs}]: bytes that are no UTF-8 show as U+FFFD in `token`,
// `bytes` is exact.
json::Array token_logprobs(const std::vector<inference::TokenLogprob>& tokens);
// "stop", "length", "tool_calls", "content_filter".
const char* finish_reason(inference::FinishReason reason);

}  // namespace api
