// The one table from Error to HTTP: status, the {"error":{message,type,param,code}} body,
// Retry-After. Source: OpenAI API reference, "Error codes"; the recorded texts in the project's
// research notes.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json/value.h"

namespace api {

int status_of(const Error& error);
// {"message","type","param","code"}; empty param and reason become null.
json::Object error_object(const Error& error);
// The whole body, pretty-printed as the real API does.
std::string error_body(const Error& error);
// {"error":{...}} on one line: how a stream tells of a failure.
std::string error_event(const Error& error);
// Whole seconds for the Retry-After header, 0 for none.
int retry_after_seconds(const Error& error);

}  // namespace api
