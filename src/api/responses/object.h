// The response object, with every key the API shows. Source: OpenAI API reference, "The response
// object"; research notes on which keys are echoed.
#pragma once

#include <cstdint>
#include <string>

#include "api/responses/types.h"
#include "base/json/value.h"
#include "inference/event.h"

namespace api::responses {

struct Head {
  std::string id;
  std::int64_t created_at = 0;  // Unix seconds
  std::string status;           // "in_progress", "queued"
};
// As it is before anything was said: no output, no usage.
json::Object begun_response(const CreateRequest& request, const Head& head);

// The three ways to end by itself, and being ended. Changes the object in place.
void complete(json::Object& response, inference::FinishReason reason, const inference::Usage& usage,
              std::int64_t now);
void fail_response(json::Object& response, const Error& error);
void cancel(json::Object& response);

bool is_terminal(const json::Object& response);
// "completed", "incomplete", "failed": the event that tells of the end. Cancelled responses end
// their streams as incomplete ones do, with their own status inside: clients know no other event.
std::string_view terminal_event(const json::Object& response);

// An error of a generation as this family words it.
Error for_responses(Error error, const std::string& model);

}  // namespace api::responses
