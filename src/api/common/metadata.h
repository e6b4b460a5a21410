// `metadata`: up to 16 pairs, keys to 64 characters, values to 512. The same rules in every family.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace api {

struct Metadata {
  std::map<std::string, std::string> pairs;

  static Result<Metadata> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

// The body of every request that changes nothing but the metadata; null empties it. The member must
// be there.
struct MetadataUpdate {
  json::Value given;
  static constexpr auto json_fields() {
    return std::tuple{json::field("metadata", &MetadataUpdate::given)};
  }
  static constexpr bool json_closed = true;

  Result<Metadata> metadata() const;
};

}  // namespace api
