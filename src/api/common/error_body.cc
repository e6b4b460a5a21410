#include "api/common/error_body.h"

#include <algorithm>

namespace api {
namespace {

struct Row {
  int status;
  const char* type;
  const char* code;  // used when the error names no reason of its own; nullptr for null
};

Row row(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidRequest: return {400, "invalid_request_error", nullptr};
    case ErrorCode::Unauthenticated: return {401, "invalid_request_error", nullptr};
    case ErrorCode::PermissionDenied: return {403, "invalid_request_error", nullptr};
    case ErrorCode::NotFound: return {404, "invalid_request_error", nullptr};
    case ErrorCode::Conflict: return {409, "invalid_request_error", nullptr};
    case ErrorCode::TooLarge: return {413, "invalid_request_error", nullptr};
    case ErrorCode::RateLimited: return {429, "requests", "rate_limit_exceeded"};
    case ErrorCode::QuotaExceeded: return {429, "insufficient_quota", "insufficient_quota"};
    case ErrorCode::Overloaded: return {503, "service_unavailable_error", "server_is_overloaded"};
    case ErrorCode::Unsupported: return {400, "invalid_request_error", "unsupported_parameter"};
    case ErrorCode::Timeout: return {504, "server_error", "timeout"};
    case ErrorCode::Cancelled: return {499, "invalid_request_error", "cancelled"};
    case ErrorCode::CorruptData: return {500, "server_error", "corrupt_data"};
    case ErrorCode::StorageFailed: return {503, "server_error", "storage_failed"};
    case ErrorCode::UpstreamFailed: return {502, "server_error", "upstream_failed"};
    case ErrorCode::ResourceExhausted:
      return {503, "service_unavailable_error", "resource_exhausted"};
    case ErrorCode::Internal: return {500, "server_error", nullptr};
  }
  return {500, "server_error", nullptr};
}

}  // namespace

int status_of(const Error& error) {
  return row(error.code).status;
}

json::Object error_object(const Error& error) {
  const Row r = row(error.code);
  json::Object body;
  body["message"] = error.message;
  body["type"] = r.type;
  body["param"] = error.param.empty() ? json::Value(nullptr) : json::Value(error.param);
  if (!error.reason.empty()) {
    body["code"] = error.reason;
  } else {
    body["code"] = r.code ? json::Value(r.code) : json::Value(nullptr);
  }
  return body;
}

std::string error_body(const Error& error) {
  return json::dump_pretty(json::Object{{"error", error_object(error)}}) + "\n";
}

std::string error_event(const Error& error) {
  return json::dump(json::Object{{"error", error_object(error)}});
}

int retry_after_seconds(const Error& error) {
  const bool retryable = error.code == ErrorCode::RateLimited ||
                         error.code == ErrorCode::Overloaded ||
                         error.code == ErrorCode::ResourceExhausted;
  return retryable ? std::max(1, (error.retry_after_ms + 999) / 1000) : 0;
}

}  // namespace api
