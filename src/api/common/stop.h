// `stop`: one string or up to four.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace api {

struct Stop {
  std::vector<std::string> strings;

  static Result<Stop> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

}  // namespace api
