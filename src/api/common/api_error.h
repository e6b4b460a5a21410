// The exception that ends an API request, and the single bridge to it from Result.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "gateway/api_error.h"

namespace api {

using gateway::ApiError;

// The value, or the error thrown.
template <class T>
T or_throw(Result<T> result) {
  if (!result) throw ApiError(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

[[noreturn]] inline void reject(ErrorCode code, std::string message, std::string param = {},
                                std::string reason = {}) {
  throw ApiError({code, std::move(message), std::move(param), std::move(reason)});
}

}  // namespace api
