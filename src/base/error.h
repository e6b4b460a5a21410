// What can go wrong in ways a caller must handle: a closed set of codes, and a Result that carries
// one. Knows no protocol; api/common/error_body.cc alone turns an Error into an HTTP status and an
// OpenAI error body.
#pragma once

#include <expected>
#include <string>
#include <utility>

enum class ErrorCode {
  InvalidRequest,    // the caller sent something wrong; `param` names the field where there is one
  Unauthenticated,   // no key, or a key nobody has
  PermissionDenied,  // a known caller who may not do this
  NotFound,
  Conflict,           // the object is in a state that forbids this
  TooLarge,           // a body or an object above a limit
  RateLimited,        // try again later; see Error::retry_after_ms
  QuotaExceeded,      // a budget is spent; trying again does not help
  Overloaded,         // this machine is busy; try again later
  Unsupported,        // understood, and not served here
  Timeout,            // a time limit of ours ended it
  Cancelled,          // the caller went away or asked to stop
  CorruptData,        // a file or a row that does not hold together
  StorageFailed,      // a disk or database error; the change did not happen
  UpstreamFailed,     // a service we called failed
  ResourceExhausted,  // memory or another bounded resource
  Internal,           // none of the above; our fault
};

struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;  // for the person who made the request: what was wrong, the value, the limit
  std::string param = {};  // path of the offending field (`messages[2].role`); empty when none
  std::string reason =
      {};  // the API's own `code` string (`invalid_type`, `model_not_found`); empty for null
  int retry_after_ms = 0;  // RateLimited and Overloaded: when trying again makes sense

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// `return fail(ErrorCode::NotFound, "...")` in any function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::string param = {}, std::string reason = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(param), std::move(reason)});
}

// Passes the error of one Result on as that of another: `if (!x) return fail(x.error());`
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

// The name of a code for logs and metrics: "invalid_request", "not_found"...
const char* name(ErrorCode code);
