#include "api/common/json_body.h"

#include <fmt/format.h>

#include "api/common/api_error.h"

namespace api {

base::awaitable<json::Value> json_body(http::Request& request) {
  const std::string type = request.media_type();
  if (!type.empty() && type != "application/json" && !type.ends_with("+json")) {
    reject(ErrorCode::InvalidRequest,
           fmt::format("Unsupported Content-Type header '{}'. Expected 'application/json'.", type));
  }
  auto text = co_await request.body();
  co_return or_throw(json::parse(or_throw(std::move(text))));
}

}  // namespace api
