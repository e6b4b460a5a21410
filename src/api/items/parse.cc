#include "api/items/parse.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "api/items/content.h"
#include "api/items/item_types.h"
#include "base/json/errors.h"
#include "base/limits/item.h"

namespace api::items {
namespace {

constexpr std::array<std::string_view, 4> kRoles{"assistant", "system", "developer", "user"};
constexpr std::array<std::string_view, 2> kPhases{"commentary", "final_answer"};

Error invalid(const json::Path& path, std::string message) {
  return {ErrorCode::InvalidRequest, std::move(message), path.str(), "invalid_value"};
}

Status check_id(const json::Value& value, const json::Path& path, std::string_view starts) {
  std::string id;
  json::Constraints limits;
  limits.length_max = limits::item_id_chars_max;
  if (auto status = json::errors::read_string(id, value, path, limits); !status) return status;
  const bool plain = !id.empty() && std::ranges::all_of(id, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  if (!plain) {
    return fail(invalid(path, fmt::format("Invalid '{}': '{}'. Expected an ID that contains "
                                          "letters, numbers, underscores, or dashes, but this "
                                          "value contained additional characters.",
                                          path.str(), id)));
  }
  if (!id.starts_with(starts)) {
    return fail(invalid(path, fmt::format("Invalid '{}': '{}'. Expected an ID that begins with "
                                          "'{}'.",
                                          path.str(), id, starts)));
  }
  return {};
}

// Parts of `summary` or of a reasoning item's `content`: {type, text}.
Status check_thoughts(const json::Value& value, const json::Path& path, std::string_view type) {
  const auto* parts = value.if_array();
  if (!parts) return json::errors::type(path, "an array of objects", value);
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const json::Path at = path.element(i);
    const auto* part = (*parts)[i].if_object();
    if (!part) return json::errors::type(at, "an object", (*parts)[i]);
    const std::array<std::string_view, 1> types{type};
    const json::Path type_path = at.member("type");
    if (json::string_or(*part, "type") != type)
      return json::errors::value(type_path, json::string_or(*part, "type"), types);
    const json::Path text_path = at.member("text");
    const json::Value* text = json::find(*part, "text");
    if (!text) return json::errors::missing(text_path);
    if (!text->is_string()) return json::errors::type(text_path, "a string", *text);
  }
  return {};
}

Status check_shape(json::Value& value, const json::Path& path, const Member& member) {
  json::Constraints constraints;
  constraints.values = member.values;
  switch (member.shape) {
    case Shape::Text: {
      constraints.length_max = limits::item_sealed_chars_max;
      std::string ignored;
      return json::errors::read_string(ignored, value, path, constraints);
    }
    case Shape::Flag: {
      bool ignored = false;
      return json::errors::read_bool(ignored, value, path, constraints);
    }
    case Shape::Number: {
      double ignored = 0;
      return json::errors::read_number(ignored, value, path, constraints);
    }
    case Shape::Object:
      if (!value.is_object()) return json::errors::type(path, "an object", value);
      return {};
    case Shape::Array:
      if (!value.is_array()) return json::errors::type(path, "an array", value);
      return {};
    case Shape::TextOrParts: return check_output_parts(value, path);
    case Shape::SummaryParts: return check_thoughts(value, path, "summary_text");
    case Shape::ThoughtParts: return check_thoughts(value, path, "reasoning_text");
    case Shape::Any: return {};
  }
  return {};
}

Status refuse_unknown(const Item& item, const json::Path& path, std::span<const Member> members) {
  std::vector<std::string_view> names{"type", "id"};
  for (const Member& member : members) names.push_back(member.name);
  return json::errors::refuse_unknown(path, item, names);
}

Result<Item> parse_typed(Item item, const ItemType& type, const json::Path& path) {
  for (const Member& member : type.members) {
    const json::Path at = path.member(member.name);
    auto* value = item.if_contains(member.name);
    if (!value || (value->is_null() && !member.required)) {
      if (member.required) return json::errors::missing(at);
      continue;
    }
    if (value->is_null() && member.nullable) continue;
    if (auto status = check_shape(*value, at, member); !status) return fail(status.error());
  }
  if (auto status = refuse_unknown(item, path, type.members); !status) return fail(status.error());
  item.erase("parsed_arguments");  // an SDK's own addition to what it was sent
  return item;
}

Result<Item> parse_reference(Item item, const json::Path& path) {
  const json::Path at = path.member("id");
  const json::Value* id = json::find(item, "id");
  if (!id) return json::errors::missing(at);
  if (auto status = check_id(*id, at, ""); !status) return fail(status.error());
  item["type"] = "item_reference";
  return item;
}

Result<Item> parse_message(const Item& given, const json::Path& path) {
  const std::string_view role = json::string_or(given, "role");
  if (std::ranges::find(kRoles, role) == kRoles.end())
    return json::errors::value(path, role, kRoles);

  Item out{{"type", "message"}, {"role", role}};
  const json::Path content_path = path.member("content");
  const json::Value* content = json::find(given, "content");
  if (!content || content->is_null()) return json::errors::missing(content_path);
  auto parts = parse_content(*content, content_path, role);
  if (!parts) return fail(parts.error());
  out["content"] = std::move(*parts);

  std::vector<std::string_view> known{"type", "role", "content", "id", "status", "agent"};
  if (role == "assistant") known.push_back("phase");
  if (auto status = json::errors::refuse_unknown(path, given, known); !status)
    return fail(status.error());

  const auto keep_one_of = [&](std::string_view name,
                               std::span<const std::string_view> values) -> Status {
    const json::Value* value = json::find(given, name);
    if (!value || value->is_null()) return {};
    json::Constraints constraints;
    constraints.values = values;
    std::string text;
    const json::Path at = path.member(name);
    if (auto status = json::errors::read_string(text, *value, at, constraints); !status)
      return status;
    out[name] = text;
    return {};
  };
  if (auto status = keep_one_of("status", kStatuses); !status) return fail(status.error());
  if (auto status = keep_one_of("phase", kPhases); !status) return fail(status.error());
  if (const json::Value* agent = json::find(given, "agent")) out["agent"] = *agent;
  if (const json::Value* id = json::find(given, "id")) out["id"] = *id;
  return out;
}

}  // namespace

std::string_view type_of(const Item& item) {
  return json::string_or(item, "type");
}

std::string_view id_of(const Item& item) {
  return json::string_or(item, "id");
}

Item user_message(std::string_view text) {
  return {{"type", "message"},
          {"role", "user"},
          {"content", json::Array{json::Object{{"type", "input_text"}, {"text", text}}}}};
}

Result<Item> parse_item(const json::Value& value, const json::Path& path) {
  const auto* given = value.if_object();
  if (!given) return json::errors::type(path, "an input item", value);
  const json::Value* type = json::find(*given, "type");
  std::string_view name;
  if (type && type->is_string()) {
    name = type->get_string();
  } else if (type && !type->is_null()) {
    return json::errors::value(path, json::dump(*type), type_names());
  } else {
    const bool bare = given->contains("id") && !given->contains("role");
    name = bare ? "item_reference" : "message";
  }
  const ItemType* known = find_type(name);
  if (!known) return json::errors::value(path, name, type_names());

  if (name == "item_reference") return parse_reference(*given, path);
  auto item = name == "message" ? parse_message(*given, path) : parse_typed(*given, *known, path);
  if (!item) return item;
  if (json::Value* id = item->if_contains("id")) {
    if (id->is_null()) {
      item->erase("id");
    } else {
      const json::Path at = path.member("id");
      if (auto status = check_id(*id, at, known->id_starts); !status) return fail(status.error());
    }
  }
  return item;
}

Result<std::vector<Item>> parse_items(const json::Value& value, const json::Path& path) {
  const auto* array = value.if_array();
  if (!array) return json::errors::type(path, "an array of input items", value);
  json::Constraints limits;
  limits.length_max = limits::items_per_request_max;
  if (auto status = json::errors::check_array_length(path, array->size(), limits); !status)
    return fail(status.error());
  std::vector<Item> out;
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto item = parse_item((*array)[i], path.element(i));
    if (!item) return fail(item.error());
    out.push_back(std::move(*item));
  }
  return out;
}

Result<Input> Input::from_json(const json::Value& value, const json::Path& path) {
  if (const auto* text = value.if_string()) {
    json::Constraints limits;
    limits.length_max = limits::item_text_chars_max;
    if (auto status = json::errors::check_string_length(path, *text, limits); !status)
      return fail(status.error());
    if (text->empty()) return Input{};
    return Input{.items = {user_message(*text)}};
  }
  if (!value.is_array())
    return json::errors::type(path, "one of a string or array of input items", value);
  auto items = parse_items(value, path);
  if (!items) return fail(items.error());
  return Input{.items = std::move(*items)};
}

json::Value Input::to_json() const {
  json::Array out;
  for (const Item& item : items) out.emplace_back(item);
  return out;
}

}  // namespace api::items
