// A request's body as JSON: read, checked for its media type, parsed.
#pragma once

#include "base/async.h"
#include "base/json/value.h"
#include "http/request.h"

namespace api {

// Throws ApiError: TooLarge, wrong media type, malformed JSON with its position.
base::awaitable<json::Value> json_body(http::Request& request);
// The same for operations that need no body: null when there is none.
base::awaitable<json::Value> json_body_or_null(http::Request& request);

}  // namespace api
