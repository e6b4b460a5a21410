// Tools for models whose template knows none: they are described in the system message, and calls
// and results are written as text in the form most models have seen (Hermes).
#pragma once

#include <string>
#include <vector>

#include "inference/message.h"
#include "inference/tool.h"

namespace inference {

std::string generic_tool_prompt(const std::vector<Tool>& tools);

// The same conversation with the calls as text of the assistant's messages.
std::vector<Message> with_calls_as_text(const std::vector<Message>& messages);

// The same conversation without calls and tool messages, beginning with the description of `tools`
// where there are any.
std::vector<Message> with_generic_tools(const std::vector<Message>& messages,
                                        const std::vector<Tool>& tools);

}  // namespace inference
