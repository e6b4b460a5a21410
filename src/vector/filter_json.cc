#include "vector/filter_json.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json/errors.h"
#include "base/limits/vector.h"

namespace vector {
namespace {

using store::AttributeFilter;
using Compare = AttributeFilter::Compare;

constexpr std::array<std::string_view, 10> kTypes{"eq",  "ne", "gt",  "gte", "lt",
                                                  "lte", "in", "nin", "and", "or"};

class FilterReader {
 public:
  Result<AttributeFilter> read(const json::Value& value, const json::Path& path, int depth) {
    const auto* object = value.if_object();
    if (!object) return json::errors::type(path, "an object", value);
    if (depth > limits::search_filter_depth_max)
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("Invalid '{}': filters may be nested {} deep at most.", path.str(),
                              limits::search_filter_depth_max),
                  path.str(), "invalid_value");
    const auto at = path.member("type");
    const auto* type = json::find(*object, "type");
    if (!type) return json::errors::missing(at);
    if (!type->is_string()) return json::errors::type(at, "a string", *type);
    const std::string_view word = type->get_string();
    if (std::find(kTypes.begin(), kTypes.end(), word) == kTypes.end())
      return json::errors::value(at, word, kTypes);
    if (word == "and" || word == "or") return read_join(*object, path, word == "and", depth);
    return read_comparison(*object, path, word);
  }

 private:
  Status count(const json::Path& path) {
    if (++parts_ <= limits::search_filter_parts_max) return {};
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Invalid '{}': a filter has {} comparisons and values at most.",
                            path.str(), limits::search_filter_parts_max),
                path.str(), "invalid_value");
  }

  Result<AttributeFilter> read_join(const json::Object& object, const json::Path& path, bool all,
                                    int depth) {
    const auto at = path.member("filters");
    const auto* parts = json::find(object, "filters");
    if (!parts) return json::errors::missing(at);
    if (!parts->is_array()) return json::errors::type(at, "an array of objects", *parts);
    AttributeFilter out;
    out.join = all ? AttributeFilter::Join::And : AttributeFilter::Join::Or;
    for (std::size_t i = 0; i < parts->get_array().size(); ++i) {
      auto part = read(parts->get_array()[i], at.element(i), depth + 1);
      if (!part) return part;
      out.parts.push_back(std::move(*part));
    }
    return out;
  }

  Result<AttributeFilter> read_comparison(const json::Object& object, const json::Path& path,
                                          std::string_view word) {
    AttributeFilter out;
    for (std::size_t i = 0; i < 8; ++i) {
      if (kTypes[i] == word) out.compare = static_cast<Compare>(i);
    }
    const auto* key = json::find(object, "key");
    if (!key) return json::errors::missing(path.member("key"));
    if (!key->is_string()) return json::errors::type(path.member("key"), "a string", *key);
    out.name = std::string(key->get_string());

    const auto at = path.member("value");
    const auto* value = json::find(object, "value");
    if (!value) return json::errors::missing(at);
    const bool takes_list = out.compare == Compare::In || out.compare == Compare::NotIn;
    if (value->is_array() != takes_list)
      return json::errors::type(at, takes_list ? "an array" : "a string, a number or a boolean",
                                *value);
    const json::Array one{*value};
    const auto& values = takes_list ? value->get_array() : one;
    for (const auto& each : values) {
      if (auto status = count(at); !status) return fail(status.error());
      auto attribute = read_value(each, at);
      if (!attribute) return fail(attribute.error());
      const bool orders = out.compare != Compare::Eq && out.compare != Compare::Ne && !takes_list;
      if (orders && std::holds_alternative<bool>(*attribute))
        return json::errors::type(at, "a string or a number", each);
      out.values.push_back(std::move(*attribute));
    }
    return out;
  }

  static Result<store::Attribute> read_value(const json::Value& value, const json::Path& path) {
    if (value.is_string()) return store::Attribute(std::string(value.get_string()));
    if (value.is_number()) return store::Attribute(value.to_number<double>());
    if (value.is_bool()) return store::Attribute(value.get_bool());
    return json::errors::type(path, "a string, a number or a boolean", value);
  }

  std::size_t parts_ = 0;
};

}  // namespace

Result<store::AttributeFilter> read_filter(const json::Value& value, const json::Path& path) {
  return FilterReader().read(value, path, 1);
}

}  // namespace vector
