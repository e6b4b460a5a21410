#include "api/items/messages.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "api/items/item_types.h"
#include "api/items/stored.h"
#include "base/encoding.h"

namespace api::items {
namespace {

using inference::Message;
using inference::Part;
using inference::Role;

const json::Array* list(const Item& item, std::string_view name) {
  const json::Value* value = json::find(item, name);
  return value ? value->if_array() : nullptr;
}

std::string text_member(const Item& item, std::string_view name) {
  return std::string(json::string_or(item, name));
}

bool is_outside(const json::Object& part) {
  const std::string_view type = json::string_or(part, "type");
  return type == "input_file" ||
         (type == "input_image" && json::string_or(part, "image_url").empty());
}

Message empty_message(Role role) {
  Message out;
  out.role = role;
  return out;
}

Role role_named(std::string_view role) {
  if (role == "system") return Role::System;
  if (role == "developer") return Role::Developer;
  if (role == "assistant") return Role::Assistant;
  return Role::User;
}

Status add_part(const json::Object& part, const Outside& outside, std::vector<Part>& out) {
  if (const auto found = outside.parts.find(&part); found != outside.parts.end()) {
    out.insert(out.end(), found->second.begin(), found->second.end());
    return {};
  }
  const std::string_view type = json::string_or(part, "type");
  if (type == "refusal") {
    out.push_back(inference::TextPart{text_member(part, "refusal")});
  } else if (type == "input_image" && !is_outside(part)) {
    out.push_back(
        inference::ImagePart{text_member(part, "image_url"), text_member(part, "detail")});
  } else if (type == "input_audio") {
    const json::Value* audio = json::find(part, "input_audio");
    const auto* object = audio ? audio->if_object() : nullptr;
    auto bytes = base::base64_decode(object ? json::string_or(*object, "data") : "");
    if (!bytes)
      return fail(ErrorCode::InvalidRequest, "Invalid base64 in 'input_audio.data'.", "input",
                  "invalid_base64");
    out.push_back(inference::AudioPart{std::move(*bytes), text_member(*object, "format")});
  } else if (const json::Value* text = json::find(part, "text"); text && text->is_string()) {
    out.push_back(inference::TextPart{std::string(text->get_string())});
  } else {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Content of type '{}' cannot be read here.", type), "input",
                "unsupported_value");
  }
  return {};
}

// The thought in full if it is there, else its summary.
std::string thought_of(const Item& item, const Outside& outside) {
  if (const auto found = outside.opened.find(json::string_or(item, "encrypted_content"));
      found != outside.opened.end()) {
    return found->second;
  }
  std::string out;
  for (const std::string_view name : {"content", "summary"}) {
    const json::Array* parts = list(item, name);
    if (!parts || parts->empty()) continue;
    for (const json::Value& part : *parts) {
      if (!part.is_object()) continue;
      if (!out.empty()) out += "\n\n";
      out += json::string_or(part.get_object(), "text");
    }
    break;
  }
  return out;
}

// A call that a client's own machine carries out, as the call of a function of that name.
std::optional<inference::ToolCall> client_call(const Item& item) {
  const std::string_view type = type_of(item);
  const auto free_form = [&](std::string_view name, std::string_view member) {
    const json::Value* value = json::find(item, member);
    return inference::ToolCall{.id = text_member(item, "call_id"),
                               .name = std::string(name),
                               .arguments = value ? json::dump(*value) : "{}"};
  };
  if (type == "function_call" || type == "custom_tool_call") {
    const bool custom = type == "custom_tool_call";
    return inference::ToolCall{
        .id = text_member(item, "call_id"),
        .name = qualified_name(json::string_or(item, "namespace"), json::string_or(item, "name")),
        .arguments = text_member(item, custom ? "input" : "arguments"),
        .custom = custom};
  }
  if (type == "local_shell_call") return free_form("local_shell", "action");
  if (type == "shell_call") return free_form("shell", "action");
  if (type == "apply_patch_call") return free_form("apply_patch", "operation");
  if (type == "computer_call")
    return free_form("computer", item.contains("actions") ? "actions" : "action");
  return std::nullopt;
}

class Conversation {
 public:
  explicit Conversation(const Outside& outside) : outside_(outside) {}

  Status add(const Item& item) {
    const std::string_view type = type_of(item);
    if (type == "message") return message(item);
    if (type == "reasoning") {
      add_thought(thought_of(item, outside_));
      return {};
    }
    if (type == "compaction") return compaction(item);
    if (const json::Value* call = json::find(item, kModelCall); call && call->is_object()) {
      hosted_call(item, call->get_object());
      return {};
    }
    if (auto call = client_call(item)) {
      open_assistant().tool_calls.push_back(std::move(*call));
      return {};
    }
    if (type.ends_with("_call_output")) return output(item);
    if (type == "mcp_call") foreign_call(item);
    // The others say nothing to a model that runs here.
    return {};
  }

  std::vector<Message> take() { return std::move(messages_); }

 private:
  Message& last() { return messages_.back(); }
  bool last_is_assistant() const {
    return !messages_.empty() && messages_.back().role == Role::Assistant;
  }
  void add_thought(std::string text) {
    if (!thought_.empty() && !text.empty()) thought_ += "\n\n";
    thought_ += text;
  }
  void give_thought(Message& message) {
    if (!message.reasoning.empty() && !thought_.empty()) message.reasoning += "\n\n";
    message.reasoning += std::exchange(thought_, {});
  }

  // The assistant's message that calls belong to: the one under way, or a new one.
  Message& open_assistant() {
    if (!last_is_assistant()) messages_.push_back(empty_message(Role::Assistant));
    give_thought(last());
    return last();
  }

  Status message(const Item& item) {
    Message out = empty_message(role_named(json::string_or(item, "role")));
    if (const json::Array* parts = list(item, "content")) {
      for (const json::Value& part : *parts) {
        if (!part.is_object()) continue;
        if (auto status = add_part(part.get_object(), outside_, out.content); !status)
          return status;
      }
    }
    if (out.role != Role::Assistant) {
      thought_.clear();  // it led to nothing
      messages_.push_back(std::move(out));
      return {};
    }
    // Said beside a call whose answer is still to come: one turn.
    if (last_is_assistant() && !last().tool_calls.empty() && last().content.empty()) {
      last().content = std::move(out.content);
      give_thought(last());
      return {};
    }
    give_thought(out);
    messages_.push_back(std::move(out));
    return {};
  }

  Status compaction(const Item& item) {
    const auto found = outside_.opened.find(json::string_or(item, "encrypted_content"));
    if (found == outside_.opened.end())
      return fail(ErrorCode::InvalidRequest, "A compaction item could not be read.", "input",
                  "invalid_encrypted_content");
    messages_.push_back(inference::text_message(Role::Developer, found->second));
    return {};
  }

  // Calls of one round stand in one message, their outputs behind it.
  void hosted_call(const Item& item, const json::Object& call) {
    const std::string round = text_member(call, "round");
    if (round_.empty() || round != round_ || !round_message_) {
      open_assistant();
      round_message_ = messages_.size() - 1;
      round_ = round;
    }
    messages_[*round_message_].tool_calls.push_back({.id = text_member(item, "id"),
                                                     .name = text_member(call, "name"),
                                                     .arguments = text_member(call, "arguments")});
    answer(text_member(item, "id"), {inference::TextPart{text_member(call, "output")}});
  }

  // A call that another's server carried out, told as one of ours.
  void foreign_call(const Item& item) {
    open_assistant().tool_calls.push_back({.id = text_member(item, "id"),
                                           .name = text_member(item, "name"),
                                           .arguments = text_member(item, "arguments")});
    answer(text_member(item, "id"), {inference::TextPart{text_member(item, "output")}});
  }

  Status output(const Item& item) {
    std::vector<Part> parts;
    const json::Value* value = json::find(item, "output");
    if (value && value->is_string()) {
      parts.push_back(inference::TextPart{std::string(value->get_string())});
    } else if (value && value->is_array() && !type_of(item).starts_with("shell")) {
      for (const json::Value& part : value->get_array()) {
        if (!part.is_object()) continue;
        if (auto status = add_part(part.get_object(), outside_, parts); !status) return status;
      }
    } else if (value) {
      parts.push_back(inference::TextPart{json::dump(*value)});
    }
    answer(text_member(item, "call_id"), std::move(parts));
    return {};
  }

  void answer(std::string call_id, std::vector<Part> content) {
    Message out = empty_message(Role::Tool);
    out.content = std::move(content);
    out.tool_call_id = std::move(call_id);
    messages_.push_back(std::move(out));
  }

  const Outside& outside_;
  std::vector<Message> messages_;
  std::string thought_;                       // waits for what it led to
  std::string round_;                         // of the hosted calls before
  std::optional<std::size_t> round_message_;  // where they stand
};

}  // namespace

std::string qualified_name(std::string_view space, std::string_view name) {
  return space.empty() ? std::string(name) : fmt::format("{}__{}", space, name);
}

std::vector<OutsidePart> outside_parts(std::span<const Item> items, std::size_t n_inherited) {
  std::vector<OutsidePart> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const char* name : {"content", "output"}) {
      const json::Array* parts = list(items[i], name);
      if (!parts) continue;
      for (std::size_t j = 0; j < parts->size(); ++j) {
        const auto* part = (*parts)[j].if_object();
        if (!part || !is_outside(*part)) continue;
        const std::size_t index = i >= n_inherited ? i - n_inherited : i;
        out.push_back({part, fmt::format("input[{}].{}[{}]", index, name, j)});
      }
    }
  }
  return out;
}

Result<std::vector<Message>> to_messages(std::span<const Item> items, const Outside& outside) {
  Conversation conversation(outside);
  for (const Item& item : items) {
    if (auto status = conversation.add(item); !status) return fail(status.error());
  }
  return conversation.take();
}

}  // namespace api::items
