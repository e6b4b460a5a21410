#include "api/items/context.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "api/items/item_types.h"
#include "api/items/stored.h"

namespace api::items {
namespace {

constexpr const char* kNotPersisted =
    " Items are not persisted when `store` is set to false. Try again with `store` set to true, or "
    "remove this item from your input.";

bool is_empty_list(const Item& item, std::string_view name) {
  const json::Value* value = json::find(item, name);
  return !value || !value->is_array() || value->get_array().empty();
}

// Sent by its id: the thought itself is with us.
bool is_bare_reasoning(const Item& item) {
  return type_of(item) == "reasoning" && !id_of(item).empty() &&
         json::string_or(item, "encrypted_content").empty() && is_empty_list(item, "content") &&
         is_empty_list(item, "summary");
}

bool is_reference(const Item& item) {
  return type_of(item) == "item_reference" || is_bare_reasoning(item);
}

Error wrong_input(std::string message) {
  return {ErrorCode::InvalidRequest, std::move(message), "input"};
}

// Who speaks: what a reasoning item may be followed by.
bool is_of_model(const Item& item) {
  const std::string_view type = type_of(item);
  if (type == "message") return json::string_or(item, "role") == "assistant";
  return !type.ends_with("_output");
}

Status check_reasoning(std::span<const Item> own) {
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (type_of(own[i]) != "reasoning" || id_of(own[i]).empty()) continue;
    const bool followed = i + 1 < own.size() && is_of_model(own[i + 1]);
    if (followed) continue;
    return fail(wrong_input(fmt::format(
        "Item '{}' of type 'reasoning' was provided without its required following item.",
        id_of(own[i]))));
  }
  return {};
}

}  // namespace

bool has_references(std::span<const Item> items) {
  return std::ranges::any_of(items, is_reference);
}

Status resolve_references(store::Session& session, const ResolveOptions& options,
                          std::vector<Item>& items) {
  for (Item& item : items) {
    if (!is_reference(item)) continue;
    const std::string id(id_of(item));
    auto row = store::items::find(session, options.project, id);
    if (!row && row.error().code != ErrorCode::NotFound) return fail(row.error());
    if (!row) {
      return fail(
          ErrorCode::NotFound,
          fmt::format("Item with id '{}' not found.{}", id, options.stores ? "" : kNotPersisted),
          "input");
    }
    auto found = from_row(*row);
    if (!found) return fail(found.error());
    item = std::move(*found);
  }
  return {};
}

Status refuse_duplicates(std::span<const Item> inherited, std::span<const Item> own) {
  std::set<std::string_view> seen;
  for (const Item& item : inherited) seen.insert(id_of(item));
  for (const Item& item : own) {
    const std::string_view id = id_of(item);
    if (id.empty() || seen.insert(id).second) continue;
    return fail(
        wrong_input(fmt::format("Duplicate item found with id {}. Remove duplicate items "
                                "from your input and try again.",
                                id)));
  }
  return {};
}

Status check_pairs(std::span<const Item> inherited, std::span<const Item> own) {
  if (auto status = check_reasoning(own); !status) return status;
  for (const CallPair& pair : call_pairs()) {
    std::set<std::string_view> open, calls;
    const auto visit = [&](const Item& item) -> Status {
      const std::string_view type = type_of(item);
      const std::string_view call = json::string_or(item, "call_id");
      if (type == pair.call) {
        open.insert(call);
        calls.insert(call);
      } else if (type == pair.output) {
        if (!calls.contains(call)) {
          return fail(wrong_input(
              fmt::format("No tool call found for {} output with call_id {}.", pair.noun, call)));
        }
        open.erase(call);
      }
      return {};
    };
    for (const auto items : {inherited, own}) {
      for (const Item& item : items) {
        if (auto status = visit(item); !status) return status;
      }
    }
    if (!open.empty()) {
      return fail(
          wrong_input(fmt::format("No tool output found for {} {}.", pair.noun, *open.begin())));
    }
  }
  return {};
}

}  // namespace api::items
