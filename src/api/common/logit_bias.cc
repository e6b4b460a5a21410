#include "api/common/logit_bias.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json/errors.h"
#include "base/limits/request.h"

namespace api {

Result<LogitBias> LogitBias::from_json(const json::Value& value, const json::Path& path) {
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  json::Constraints size;
  size.length_max = limits::logit_bias_entries_max;
  if (auto status = json::errors::check_object_size(path, object->size(), size); !status)
    return fail(status.error());

  json::Constraints range;
  range.min = -100;
  range.max = 100;
  LogitBias out;
  for (const auto& [key, member] : *object) {
    std::int32_t token = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error != std::errc() || end != key.data() + key.size() || token < 0) {
      return fail(
          ErrorCode::InvalidRequest,
          fmt::format(
              "Invalid key in '{}': {}. You should only be submitting non-negative integers.",
              path.str(), std::string_view(key)),
          path.str(), "invalid_value");
    }
    double bias = 0;
    if (auto status = json::errors::read_number(bias, member, path.member(key), range); !status) {
      return fail(status.error());
    }
    out.entries.emplace_back(token, static_cast<float>(bias));
  }
  return out;
}

json::Value LogitBias::to_json() const {
  json::Object object;
  for (const auto& [token, bias] : entries) object.emplace(std::to_string(token), bias);
  return object;
}

}  // namespace api
