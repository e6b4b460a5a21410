#include "api/items/include_query.h"

#include "api/common/api_error.h"
#include "base/json/errors.h"

namespace api::items {

Include include_query(const http::Query& query) {
  std::vector<std::string> names;
  for (std::string_view given : query.all("include")) {
    while (!given.empty()) {
      const auto comma = std::min(given.find(','), given.size());
      const json::Path include{.key = "include"};
      const json::Path at = include.element(names.size());
      json::Constraints known;
      known.values = include_names();
      std::string name;
      or_throw(json::errors::read_string(name, json::Value(given.substr(0, comma)), at, known));
      names.push_back(std::move(name));
      given.remove_prefix(std::min(comma + 1, given.size()));
    }
  }
  return Include::of(names);
}

}  // namespace api::items
