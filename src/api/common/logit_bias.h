// `logit_bias`: token id (as a JSON key) to a number from -100 to 100.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace api {

struct LogitBias {
  std::vector<std::pair<std::int32_t, float>> entries;

  static Result<LogitBias> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

}  // namespace api
