#include "inference/chat_template/messages.h"

#include <algorithm>
#include <map>

namespace inference {
namespace {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::System: return "system";
    case Role::Developer: return "developer";
    case Role::User: return "user";
    case Role::Assistant: return "assistant";
    case Role::Tool: return "tool";
  }
  return "user";
}

json::Value content_to_json(const Message& message, bool typed) {
  const bool only_text =
      std::all_of(message.content.begin(), message.content.end(),
                  [](const Part& part) { return std::holds_alternative<TextPart>(part); });
  if (only_text && !typed) return json::Value(text_of(message));
  json::Array parts;
  for (const auto& part : message.content) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      parts.push_back(json::Object{{"type", "text"}, {"text", text->text}});
    } else if (std::holds_alternative<ImagePart>(part)) {
      parts.push_back(json::Object{{"type", "image"}});
    } else {
      parts.push_back(json::Object{{"type", "audio"}});
    }
  }
  return parts;
}

// Nine letters and digits that depend on the whole id.
std::string short_id(const std::string& id) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::string out;
  for (int i = 0; i < 9; ++i) {
    out += "0123456789abcdefghijklmnopqrstuvwxyz"[hash % 36];
    hash /= 36;
  }
  return out;
}

class MessageWriter {
 public:
  explicit MessageWriter(const TemplateCapabilities& capabilities) : capabilities_(capabilities) {}

  json::Array write(const std::vector<Message>& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto& message = messages[i];
      for (const auto& call : message.tool_calls) names_[call.id] = call.name;
      const bool takes_apart = message.tool_calls.size() > 1 && !capabilities_.parallel_calls;
      if (takes_apart) {
        i = apart(messages, i);
      } else {
        append(message, message.tool_calls);
      }
    }
    return std::move(out_);
  }

 private:
  std::string id(const std::string& full) const {
    return capabilities_.short_call_ids ? short_id(full) : full;
  }

  // Each call becomes a message of its own, followed by its result. The index of the last message
  // that was used.
  std::size_t apart(const std::vector<Message>& messages, std::size_t at) {
    const auto& message = messages[at];
    std::size_t end = at + 1;
    while (end < messages.size() && messages[end].role == Role::Tool) ++end;
    bool is_first = true;
    std::vector<bool> used(end - at, false);
    for (const auto& call : message.tool_calls) {
      Message part = message;
      if (!std::exchange(is_first, false)) {
        part.content.clear();
        part.reasoning.clear();
      }
      append(part, {call});
      for (std::size_t i = at + 1; i < end; ++i) {
        if (used[i - at] || messages[i].tool_call_id != call.id) continue;
        used[i - at] = true;
        append(messages[i], {});
      }
    }
    for (std::size_t i = at + 1; i < end; ++i) {
      if (!used[i - at]) append(messages[i], {});
    }
    return end - 1;
  }

  void append(const Message& message, const std::vector<ToolCall>& calls) {
    json::Object out;
    const Role role =
        message.role == Role::Developer && !capabilities_.developer ? Role::System : message.role;
    out["role"] = role_name(role);
    out["content"] = content_to_json(message, capabilities_.typed_content);
    if (!message.name.empty()) out["name"] = message.name;
    if (role == Role::Assistant && !message.reasoning.empty() &&
        !capabilities_.reasoning_field.empty()) {
      out[capabilities_.reasoning_field] = message.reasoning;
    }
    if (role == Role::Tool) {
      out["tool_call_id"] = id(message.tool_call_id);
      const auto called = names_.find(message.tool_call_id);
      if (message.name.empty() && called != names_.end()) out["name"] = called->second;
    }
    if (!calls.empty()) {
      json::Array list;
      for (const auto& call : calls) {
        auto arguments = parse_arguments(call);
        if (capabilities_.string_arguments) arguments = json::Value(json::dump(arguments));
        list.push_back(json::Object{
            {"id", id(call.id)},
            {"type", "function"},
            {"function", json::Object{{"name", call.name}, {"arguments", std::move(arguments)}}}});
      }
      out["tool_calls"] = std::move(list);
    }
    out_.push_back(std::move(out));
  }

  const TemplateCapabilities& capabilities_;
  std::map<std::string, std::string> names_;  // of the tools, by call id
  json::Array out_;
};

bool is_instruction(const Message& message) {
  return message.role == Role::System || message.role == Role::Developer;
}

// Where system messages cannot stand, their text goes before that of the user message after them.
std::vector<Message> with_instructions_folded(const std::vector<Message>& messages,
                                              const TemplateCapabilities& capabilities) {
  std::vector<Message> out;
  std::string pending;
  bool begins = true;
  for (const auto& message : messages) {
    const bool stays = capabilities.system && (begins || capabilities.system_anywhere);
    if (is_instruction(message) && !stays) {
      pending += (pending.empty() ? "" : "\n\n") + text_of(message);
      continue;
    }
    if (!is_instruction(message)) begins = false;
    out.push_back(message);
    if (message.role == Role::User && !pending.empty()) {
      out.back().content.insert(out.back().content.begin(), TextPart{pending + "\n\n"});
      pending.clear();
    }
  }
  if (!pending.empty()) out.push_back(text_message(Role::User, std::move(pending)));
  return out;
}

// Several instructions at the start become one: most templates look at the first message only.
std::vector<Message> with_first_instructions_joined(std::vector<Message> messages,
                                                    const TemplateCapabilities& capabilities) {
  std::size_t count = 0;
  while (count < messages.size() && is_instruction(messages[count])) ++count;
  if (count < 2 || capabilities.several_instructions) return messages;
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i ? "\n\n" : "") + text_of(messages[i]);
  messages.erase(messages.begin() + 1, messages.begin() + static_cast<std::ptrdiff_t>(count));
  messages[0].content = {TextPart{std::move(text)}};
  return messages;
}

}  // namespace

json::Value parse_arguments(const ToolCall& call) {
  if (call.custom) return json::Object{{custom_tool_parameter, call.arguments}};
  if (call.arguments.empty()) return json::Object{};
  auto parsed = json::parse(call.arguments);
  return parsed ? *parsed : json::Value(call.arguments);
}

json::Value tools_to_json(const std::vector<Tool>& tools) {
  if (tools.empty()) return nullptr;
  json::Array out;
  for (const auto& tool : tools) {
    json::Value parameters = tool.parameters;
    if (tool.kind == Tool::Kind::Custom) {
      parameters = json::Object{
          {"type", "object"},
          {"properties", json::Object{{custom_tool_parameter, json::Object{{"type", "string"}}}}},
          {"required", json::Array{json::Value(custom_tool_parameter)}}};
    } else if (parameters.is_null()) {
      parameters = json::Object{{"type", "object"}, {"properties", json::Object{}}};
    }
    out.push_back(json::Object{{"type", "function"},
                               {"function", json::Object{{"name", tool.name},
                                                         {"description", tool.description},
                                                         {"parameters", std::move(parameters)}}}});
  }
  return out;
}

json::Value with_parameter_descriptions(json::Value tools) {
  auto* list = tools.if_array();
  if (!list) return tools;
  for (auto& tool : *list) {
    auto& parameters = tool.as_object()["function"].as_object()["parameters"];
    auto* schema = parameters.if_object();
    auto* properties = schema ? schema->if_contains("properties") : nullptr;
    if (!properties || !properties->is_object()) continue;
    for (auto& [name, property] : properties->get_object()) {
      if (auto* fields = property.if_object()) fields->emplace("description", "");
    }
  }
  return tools;
}

json::Array messages_to_json(const std::vector<Message>& messages,
                             const TemplateCapabilities& capabilities) {
  return MessageWriter(capabilities)
      .write(with_instructions_folded(with_first_instructions_joined(messages, capabilities),
                                      capabilities));
}

std::vector<Message> alternating(const std::vector<Message>& messages) {
  std::vector<Message> out;
  for (const auto& message : messages) {
    Message turn = message;
    if (turn.role == Role::Tool) turn.role = Role::User;
    const bool begins_wrong =
        turn.role == Role::Assistant && (out.empty() || is_instruction(out.back()));
    if (begins_wrong) out.push_back(text_message(Role::User, ""));
    if (out.empty() || out.back().role != turn.role || is_instruction(turn)) {
      out.push_back(std::move(turn));
      continue;
    }
    auto& last = out.back();
    if (!last.content.empty() && !turn.content.empty()) last.content.push_back(TextPart{"\n\n"});
    last.content.insert(last.content.end(), turn.content.begin(), turn.content.end());
    last.tool_calls.insert(last.tool_calls.end(), turn.tool_calls.begin(), turn.tool_calls.end());
    last.reasoning += turn.reasoning;
  }
  return out;
}

}  // namespace inference
