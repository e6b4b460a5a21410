#include "inference/chat_template/generic_tools.h"

#include "inference/chat_template/messages.h"

namespace inference {
namespace {

std::string call_text(const ToolCall& call) {
  return "<tool_call>\n" +
         json::dump(json::Object{{"name", call.name}, {"arguments", parse_arguments(call)}}) +
         "\n</tool_call>";
}

}  // namespace

std::string generic_tool_prompt(const std::vector<Tool>& tools) {
  std::string text =
      "You may call one or more of these functions to answer the user. Their signatures, as JSON:\n"
      "<tools>";
  const auto described = tools_to_json(tools);
  if (const auto* list = described.if_array()) {
    for (const auto& tool : *list) text += "\n" + json::dump(tool);
  }
  return text +
         "\n</tools>\n\n"
         "To call a function, write a JSON object with its name and arguments between tags:\n"
         "<tool_call>\n"
         "{\"name\": <function-name>, \"arguments\": <arguments-object>}\n"
         "</tool_call>";
}

std::vector<Message> with_calls_as_text(const std::vector<Message>& messages) {
  auto out = messages;
  for (auto& message : out) {
    for (const auto& call : message.tool_calls) {
      const auto* glue = text_of(message).empty() ? "" : "\n";
      message.content.push_back(TextPart{glue + call_text(call)});
    }
    message.tool_calls.clear();
  }
  return out;
}

std::vector<Message> with_generic_tools(const std::vector<Message>& messages,
                                        const std::vector<Tool>& tools) {
  auto out = with_calls_as_text(messages);
  for (auto& message : out) {
    if (message.role != Role::Tool) continue;
    message =
        text_message(Role::User, "<tool_response>\n" + text_of(message) + "\n</tool_response>");
  }
  if (tools.empty()) return out;
  const auto prompt = generic_tool_prompt(tools);
  if (!out.empty() && (out[0].role == Role::System || out[0].role == Role::Developer)) {
    out[0].content.push_back(TextPart{"\n\n" + prompt});
  } else {
    out.insert(out.begin(), text_message(Role::System, prompt));
  }
  return out;
}

}  // namespace inference
