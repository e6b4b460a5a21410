#include "api/common/list.h"

#include <array>
#include <charconv>

#include "api/common/api_error.h"
#include "base/json/errors.h"

namespace api {
namespace {

// A query parameter's text as an integer in [1, max]; other values are refused as the JSON ones
// are.
std::size_t read_limit(std::string_view text, std::size_t max) {
  const json::Path path{.key = "limit"};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw ApiError(json::errors::type(path, "an integer", json::Value("")).error());
  }
  json::Constraints range;
  range.min = 1;
  range.max = static_cast<double>(max);
  std::int64_t checked = 0;
  or_throw(json::errors::read_integer(checked, json::Value(value), path, range));
  return static_cast<std::size_t>(checked);
}

}  // namespace

store::PageRequest page_request(const http::Request& request, const PageRules& rules) {
  store::PageRequest out{.limit = rules.limit_default, .order = rules.order};
  const auto& query = request.query();
  if (const auto limit = query.get("limit")) out.limit = read_limit(*limit, rules.limit_max);
  if (const auto order = query.get("order")) {
    static constexpr std::array<std::string_view, 2> kOrders{"asc", "desc"};
    if (*order != "asc" && *order != "desc") {
      throw ApiError(json::errors::value({.key = "order"}, *order, kOrders).error());
    }
    out.order = *order == "asc" ? store::Order::Ascending : store::Order::Descending;
  }
  if (const auto after = query.get("after"); after && !after->empty())
    out.after = std::string(*after);
  if (const auto before = query.get("before"); rules.before && before && !before->empty())
    out.before = std::string(*before);
  return out;
}

std::string list_body(const std::vector<ListedObject>& objects, bool has_more) {
  json::Array data;
  for (const auto& entry : objects) data.push_back(entry.object);
  json::Object out;
  out["object"] = "list";
  out["data"] = std::move(data);
  out["first_id"] = objects.empty() ? "" : objects.front().id;
  out["last_id"] = objects.empty() ? "" : objects.back().id;
  out["has_more"] = has_more;
  return json::dump(out);
}

}  // namespace api
