#include "api/common/error_renderer.h"

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/error_body.h"
#include "base/log.h"

namespace api {
namespace {

http::Response render(const Error& error, int status) {
  http::Response response = http::Response::json(error_body(error), status);
  if (const int seconds = retry_after_seconds(error); seconds > 0) {
    response.headers.set("Retry-After", std::to_string(seconds));
    if (error.retry_after_ms > 0)
      response.headers.set("retry-after-ms", std::to_string(error.retry_after_ms));
  }
  // SDKs retry 409 by themselves, which does not help where the state is permanent.
  if (status == 409) response.headers.set("x-should-retry", "false");
  return response;
}

// HTTP's own refusals in the real API's words where it has any.
Error described(const http::Request& request, const http::HttpError& error) {
  const std::string method(request.method_text());
  if (error.status == 404) {
    if (request.path().starts_with("/v1/")) {
      return {ErrorCode::NotFound, fmt::format("Invalid URL ({} {})", method, request.path())};
    }
    return {.code = ErrorCode::NotFound,
            .message = fmt::format(
                "Unknown request URL: {} {}. Please check the URL for typos, or see the docs at "
                "https://platform.openai.com/docs/api-reference/.",
                method, request.path()),
            .reason = "unknown_url"};
  }
  if (error.status == 405) {
    return {
        ErrorCode::InvalidRequest,
        fmt::format(
            "Not allowed to {} on {}. (HINT: Perhaps you meant to use a different HTTP method?)",
            method, error.pattern)};
  }
  if (error.status == 503) return {ErrorCode::Overloaded, error.message};
  if (error.status >= 500) return {ErrorCode::Internal, error.message};
  return {ErrorCode::InvalidRequest, error.message};
}

Error described(const http::Request& request, std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const ApiError& error) {
    return error.error();
  } catch (const std::exception& error) {
    LOG(Error, "{} {}: {}", request.method_text(), request.path(), error.what());
  }
  return {ErrorCode::Internal, fmt::format("The server had an error while processing your request. "
                                           "Sorry about that! (Please include the "
                                           "request ID {} in your report.)",
                                           request.id())};
}

}  // namespace

http::ErrorRenderer error_renderer() {
  http::ErrorRenderer out;
  out.http_error = [](const http::Request& request, const http::HttpError& error) {
    http::Response response = render(described(request, error), error.status);
    if (!error.allow.empty()) response.headers.set("Allow", error.allow);
    return response;
  };
  out.exception = [](const http::Request& request, std::exception_ptr exception) {
    const Error error = described(request, exception);
    return render(error, status_of(error));
  };
  return out;
}

}  // namespace api
