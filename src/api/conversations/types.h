// The wire forms of the Conversations API. Source: OpenAI API reference, "Conversations".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/common/metadata.h"
#include "api/items/parse.h"
#include "base/json/field.h"

namespace api::conversations {

// At most 20 items, checked and in normal form.
struct NewItems {
  std::vector<items::Item> items;

  static Result<NewItems> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

struct CreateRequest {
  std::optional<NewItems> items;
  std::optional<Metadata> metadata;
  static constexpr auto json_fields() {
    return std::tuple{json::field("items", &CreateRequest::items),
                      json::field("metadata", &CreateRequest::metadata)};
  }
  static constexpr bool json_closed = true;
};

struct AddItemsRequest {
  NewItems items;
  static constexpr auto json_fields() {
    return std::tuple{json::field("items", &AddItemsRequest::items)};
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::conversations
