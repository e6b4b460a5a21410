#include "api/items/stored.h"

#include <algorithm>
#include <array>
#include <optional>

#include "api/items/item_types.h"
#include "base/check.h"

namespace api::items {
namespace {

constexpr std::array<std::string_view, 8> kIncludes{"file_search_call.results",
                                                    "web_search_call.results",
                                                    "web_search_call.action.sources",
                                                    "message.input_image.image_url",
                                                    "computer_call_output.output.image_url",
                                                    "code_interpreter_call.outputs",
                                                    "reasoning.encrypted_content",
                                                    "message.output_text.logprobs"};

// What an item must say when it is shown and need not say when it is sent. No text: null.
struct Filled {
  std::string_view type, member;
  std::optional<std::string_view> text = {};
};
constexpr Filled kFilled[]{
    {"shell_call", "environment"},     {"shell_call_output", "max_output_length"},
    {"tool_search_call", "call_id"},   {"tool_search_call", "execution", "client"},
    {"tool_search_output", "call_id"}, {"tool_search_output", "execution", "client"},
};

void fill(Item& item) {
  const std::string_view type = type_of(item);
  for (const Filled& filled : kFilled) {
    if (filled.type != type || item.contains(filled.member)) continue;
    item[filled.member] = filled.text ? json::Value(*filled.text) : json::Value(nullptr);
  }
  if (type == "shell_call") {
    json::Value& action = item["action"];
    for (const char* member : {"timeout_ms", "max_output_length"})
      if (action.is_object()) action.get_object().emplace(member, nullptr);
  }
  // The description wants both names.
  if (type == "mcp_approval_response")
    item.emplace("request_id", json::string_or(item, "approval_request_id"));
}

void hide_logprobs(Item& message) {
  auto* content = message.if_contains("content");
  if (!content || !content->is_array()) return;
  for (json::Value& value : content->get_array()) {
    auto* part = value.if_object();
    if (part && part->contains("logprobs")) (*part)["logprobs"] = json::Array();
  }
}

}  // namespace

std::string new_id(base::IdGenerator& ids, std::string_view type, std::string_view family) {
  const ItemType* known = find_type(type);
  CHECK(known != nullptr);
  return ids.item(known->id_prefix, family);
}

void complete(Item& item, base::IdGenerator& ids, std::string_view family) {
  const ItemType* known = find_type(type_of(item));
  CHECK(known != nullptr);
  if (id_of(item).empty()) {
    // In front, as the API shows it.
    Item with_id{{"id", ids.item(known->id_prefix, family)}};
    for (auto& [name, value] : item) {
      if (name != "id") with_id[name] = std::move(value);
    }
    item = std::move(with_id);
  }
  if (known->has_status && json::string_or(item, "status").empty()) item["status"] = "completed";
  fill(item);
}

Include Include::of(const std::vector<std::string>& names) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  return {.file_search_results = has("file_search_call.results"),
          .web_search_sources = has("web_search_call.action.sources"),
          .code_outputs = has("code_interpreter_call.outputs"),
          .encrypted_reasoning = has("reasoning.encrypted_content"),
          .logprobs = has("message.output_text.logprobs")};
}

std::span<const std::string_view> include_names() {
  return kIncludes;
}

Item shown(const Item& item, const Include& include) {
  Item out = item;
  out.erase(kModelCall);
  const std::string_view type = type_of(out);
  if (type == "message" && !include.logprobs) hide_logprobs(out);
  if (type == "reasoning" && !include.encrypted_reasoning) out.erase("encrypted_content");
  if (type == "file_search_call" && !include.file_search_results) out["results"] = nullptr;
  if (type == "code_interpreter_call" && !include.code_outputs) out["outputs"] = nullptr;
  if (type == "web_search_call" && !include.web_search_sources) {
    if (auto* action = out.if_contains("action"); action && action->is_object())
      action->get_object().erase("sources");
  }
  return out;
}

store::Item to_row(const Item& item, std::int64_t created_at) {
  return {.id = std::string(id_of(item)), .created_at = created_at, .body = json::dump(item)};
}

Result<Item> from_row(const store::Item& row) {
  auto value = json::parse(row.body);
  if (!value || !value->is_object())
    return fail(ErrorCode::CorruptData, "A stored item does not hold together.");
  return std::move(value->get_object());
}

Result<std::vector<Item>> from_rows(const std::vector<store::Item>& rows) {
  std::vector<Item> out;
  out.reserve(rows.size());
  for (const auto& row : rows) {
    auto item = from_row(row);
    if (!item) return fail(item.error());
    out.push_back(std::move(*item));
  }
  return out;
}

}  // namespace api::items
