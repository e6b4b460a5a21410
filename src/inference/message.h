// What is said to a model: messages of a conversation, as chat templates see them. Plain data; any
// thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace inference {

enum class Role { System, Developer, User, Assistant, Tool };

struct TextPart {
  std::string text;
};

// A picture for models that see. `url` is http(s) or a data: URL; the gateway has checked it.
struct ImagePart {
  std::string url;
  std::string detail;  // "low", "high", "auto" or empty
};

// Sound for models that hear.
struct AudioPart {
  std::string data;    // decoded bytes
  std::string format;  // "wav", "mp3"
};

using Part = std::variant<TextPart, ImagePart, AudioPart>;

// One call of a tool by the model. `arguments` is the text the model wrote: JSON for functions,
// free for custom tools.
struct ToolCall {
  std::string id;  // `call_...`: what the answer refers to
  std::string name;
  std::string arguments;
  bool custom = false;
};

struct Message {
  Role role = Role::User;
  std::vector<Part> content;
  std::string name;                  // of the author; empty when not given
  std::string reasoning;             // Assistant: what was thought before the answer
  std::vector<ToolCall> tool_calls;  // Assistant
  std::string tool_call_id;          // Tool: the call that this answers
};

inline Message text_message(Role role, std::string text) {
  return {.role = role,
          .content = {TextPart{std::move(text)}},
          .name = {},
          .reasoning = {},
          .tool_calls = {},
          .tool_call_id = {}};
}

// The text parts joined; other parts are left out.
std::string text_of(const Message& message);

}  // namespace inference
