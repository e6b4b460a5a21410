#include "api/conversations/types.h"

#include "base/json/errors.h"
#include "base/limits/item.h"

namespace api::conversations {

Result<NewItems> NewItems::from_json(const json::Value& value, const json::Path& path) {
  if (const auto* array = value.if_array()) {
    json::Constraints length;
    length.length_max = limits::conversation_items_per_call_max;
    if (auto status = json::errors::check_array_length(path, array->size(), length); !status)
      return fail(status.error());
  }
  auto items = items::parse_items(value, path);
  if (!items) return fail(items.error());
  return NewItems{std::move(*items)};
}

json::Value NewItems::to_json() const {
  json::Array out;
  for (const auto& item : items) out.emplace_back(item);
  return out;
}

}  // namespace api::conversations
