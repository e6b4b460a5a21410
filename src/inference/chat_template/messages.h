// Messages and tools as the dictionaries that chat templates read.
#pragma once

#include <string>
#include <vector>

#include "base/json/value.h"
#include "inference/chat_template/capabilities.h"
#include "inference/message.h"
#include "inference/tool.h"

namespace inference {

// A custom tool is shown to the model as a function with this one string parameter.
inline constexpr std::string_view custom_tool_parameter = "input";

// {"type": "function", "function": {name, description, parameters}} per tool; null for none.
json::Value tools_to_json(const std::vector<Tool>& tools);

// The same with an empty description wherever a parameter has none, for templates that insist.
json::Value with_parameter_descriptions(json::Value tools);

// Developer becomes system where that is not known, several calls are taken apart, system messages
// move into the user's, call ids get short: whatever the capabilities ask for.
json::Array messages_to_json(const std::vector<Message>& messages,
                             const TemplateCapabilities& capabilities);

// The arguments as a JSON value; what is no JSON stays a string.
json::Value parse_arguments(const ToolCall& call);

// Strict alternation of user and assistant, beginning with the user: neighbours of one role are
// joined, a missing first turn is an empty one, an assistant's calls and tools' results become
// text.
std::vector<Message> alternating(const std::vector<Message>& messages);

}  // namespace inference
