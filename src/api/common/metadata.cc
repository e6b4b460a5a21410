#include "api/common/metadata.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json/errors.h"
#include "base/limits/request.h"

namespace api {
namespace {

// Long keys are shown by their ends, as the real API does; `param` carries them whole.
std::string elided(const std::string& key) {
  return key.substr(0, 3) + "..." + key.substr(key.size() - 3);
}

}  // namespace

Result<Metadata> Metadata::from_json(const json::Value& value, const json::Path& path) {
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "a metadata object", value);
  json::Constraints pairs_max;
  pairs_max.length_max = limits::metadata_pairs_max;
  if (auto status = json::errors::check_object_size(path, object->size(), pairs_max); !status) {
    return fail(status.error());
  }

  json::Constraints value_max;
  value_max.length_max = limits::metadata_value_chars_max;
  Metadata out;
  for (const auto& [name, member] : *object) {
    const std::string key(name);
    const json::Path at = path.member(key);
    if (const auto length = base::utf8_length(key); length > limits::metadata_key_chars_max) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("Invalid '{}': property name '{}' too long. Expected a string with "
                              "maximum length {}, but "
                              "got a string with length {} instead.",
                              path.str(), elided(key), limits::metadata_key_chars_max, length),
                  at.str(), "property_name_above_max_length");
    }
    if (auto status = json::errors::read_string(out.pairs[key], member, at, value_max); !status) {
      return fail(status.error());
    }
  }
  return out;
}

json::Value Metadata::to_json() const {
  json::Object object;
  for (const auto& [key, value] : pairs) object.emplace(key, value);
  return object;
}

Result<Metadata> MetadataUpdate::metadata() const {
  if (given.is_null()) return Metadata{};
  return Metadata::from_json(given, {.key = "metadata"});
}

}  // namespace api
