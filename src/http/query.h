// The query part of a URL: decoded name-value pairs in order, repeated names kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

// %XX becomes its byte; `plus_is_space` for forms and queries. nullopt for a malformed escape or
// one that stands for NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
// Everything but letters, digits and -._~ becomes %XX.
std::string percent_encode(std::string_view text);

class Query {
 public:
  Query() = default;
  // Reads `a=1&b=%20x`. A pair with a malformed escape keeps its raw text.
  explicit Query(std::string_view text);

  void add(std::string name, std::string value);

  bool contains(std::string_view name) const { return get(name).has_value(); }
  // The first value of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  // Every value of `name` and of `name[]`, the two ways clients write lists.
  std::vector<std::string_view> all(std::string_view name) const;
  // The members of an object written as `metadata[key]=value` (OpenAPI's deepObject style).
  std::vector<std::pair<std::string_view, std::string_view>> object(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  bool empty() const { return pairs_.empty(); }
  // The encoded text, without '?'.
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace http
