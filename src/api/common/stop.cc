#include "api/common/stop.h"

#include "base/json/errors.h"
#include "base/limits/request.h"

namespace api {

Result<Stop> Stop::from_json(const json::Value& value, const json::Path& path) {
  Stop out;
  if (const auto* one = value.if_string()) {
    // An empty stop string would end every output at once; the real API ignores it.
    if (!one->empty()) out.strings.emplace_back(*one);
    return out;
  }
  const auto* array = value.if_array();
  if (!array) return json::errors::type(path, "one of a string or array of strings", value);
  json::Constraints length;
  length.length_min = 1;
  length.length_max = limits::stop_strings_max;
  if (auto status = json::errors::check_array_length(path, array->size(), length); !status)
    return fail(status.error());
  for (std::size_t i = 0; i < array->size(); ++i) {
    std::string text;
    if (auto status = json::errors::read_string(text, (*array)[i], path.element(i), {}); !status) {
      return fail(status.error());
    }
    if (!text.empty()) out.strings.push_back(std::move(text));
  }
  return out;
}

json::Value Stop::to_json() const {
  json::Array array;
  for (const auto& text : strings) array.emplace_back(text);
  return array;
}

}  // namespace api
