#include "api/common/json_body.h"

#include <fmt/format.h>

#include "api/common/api_error.h"

namespace api {

namespace {

// The body's text, when its media type is JSON's or not said.
base::awaitable<std::string> body_text(http::Request& request) {
  const std::string type = request.media_type();
  if (!type.empty() && type != "application/json" && !type.ends_with("+json")) {
    reject(ErrorCode::InvalidRequest,
           fmt::format("Unsupported Content-Type header '{}'. Expected 'application/json'.", type));
  }
  auto text = co_await request.body();
  co_return or_throw(std::move(text));
}

}  // namespace

base::awaitable<json::Value> json_body(http::Request& request) {
  const std::string text = co_await body_text(request);
  co_return or_throw(json::parse(text));
}

base::awaitable<json::Value> json_body_or_null(http::Request& request) {
  const std::string text = co_await body_text(request);
  co_return text.empty() ? json::Value(nullptr) : or_throw(json::parse(text));
}

}  // namespace api
