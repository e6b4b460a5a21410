// The script of a scripted model: which turn it plays for which request, and what a turn consists
// of.
//
//   {"models": [{"id": "scripted", "context_tokens": 8192, "turns": [
//      {"when": {"user": "weather", "after_tool": false}, "steps": [
//         {"reasoning": "They want the weather."},
//         {"text": "Let me look."}, {"delay_ms": 20}, {"words": "one piece per word"},
//         {"tool_call": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
//         {"refusal": "I cannot help with that."},
//         {"text": "x", "repeat": 1000},
//         {"finish": "length"} | {"fail": {"code": "overloaded", "message": "busy"}}]},
//      {"steps": [{"text": "Hello."}]}]}]}
//
// A request plays the first turn whose `when` fits: `user` is a part of the last user message (or
// of the plain prompt), `after_tool` whether the last message is a tool's answer, `model_turn` how
// many assistant messages came before.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json/value.h"
#include "inference/backend.h"

namespace inference::scripted {

struct Say {
  std::string text;
};
struct Think {
  std::string text;
};
struct Refuse {
  std::string text;
};
struct Call {
  std::string name, arguments;
  bool custom = false;
};
struct Wait {
  std::chrono::milliseconds duration{};
};
struct End {
  FinishReason reason;
};
struct Fail {
  Error error;
};
using Step = std::variant<Say, Think, Refuse, Call, Wait, End, Fail>;

struct Turn {
  std::optional<std::string> user;
  std::optional<bool> after_tool;
  std::optional<std::int64_t> model_turn;
  std::vector<Step> steps;

  bool fits(const GenerateRequest& request) const;
};

struct Model {
  std::string id;
  std::int64_t context_tokens = 131'072;
  int embedding_dimensions = 64;
  std::vector<Turn> turns;
};

struct Script {
  std::vector<Model> models;
};

// Errors name the path of what is wrong in the script.
Result<Script> parse_script(const json::Value& value);
// One model, `id`, that answers everything with `text`, one piece per word: for measuring what
// surrounds a model.
Script fixed_script(std::string id, std::string text);

}  // namespace inference::scripted
