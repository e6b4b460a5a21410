// Items as clients send them, read into their normal form: `type` is there, content is a list of
// parts, nothing unknown is left. The JSON object is the item.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace api::items {

using Item = json::Object;

// One item of any type, an item_reference included. Errors name the path.
Result<Item> parse_item(const json::Value& value, const json::Path& path);
// An array of items.
Result<std::vector<Item>> parse_items(const json::Value& value, const json::Path& path);

// The `input` of a request: a text, which is one user message, or items.
struct Input {
  std::vector<Item> items;

  static Result<Input> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

// A message of one text part, in normal form.
Item user_message(std::string_view text);

// `output` of a call: a text or a list of input_text, input_image, input_file parts. Checks and
// completes the parts in place.
Status check_output_parts(json::Value& output, const json::Path& path);

std::string_view type_of(const Item& item);
// Empty when the item has none.
std::string_view id_of(const Item& item);

}  // namespace api::items
