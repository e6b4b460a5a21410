// The exception that ends an API request. Thrown in api/ and gateway/ only; the router's error hook
// alone catches it.
#pragma once

#include <exception>
#include <utility>

#include "base/error.h"

namespace gateway {

class ApiError final : public std::exception {
 public:
  explicit ApiError(Error error) : error_(std::move(error)) {}
  const Error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
};

}  // namespace gateway
