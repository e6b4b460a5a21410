// What a model may call, and what form its answer must have. Plain data; any thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/json/value.h"

namespace inference {

// A context-free grammar or a regular expression that an output must match.
struct GrammarFormat {
  enum class Syntax { Lark, Regex, Gbnf };
  Syntax syntax = Syntax::Lark;
  std::string definition;
};

struct Tool {
  enum class Kind { Function, Custom };
  Kind kind = Kind::Function;
  std::string name;
  std::string description;
  json::Value parameters;             // Function: a JSON Schema; null when not given
  bool strict = false;                // Function: arguments are held to the schema
  std::vector<GrammarFormat> format;  // Custom: at most one; none means free text
  // Where the request has it, for errors: what `parameters` or `format` is a field of
  // (`tools[0].function`). Empty: unknown.
  std::string path = {};
};

struct ToolChoice {
  enum class Mode { None, Auto, Required };
  Mode mode = Mode::Auto;
  std::vector<std::string> allowed;  // the only tools that may be called; empty means all
  bool parallel = true;              // several calls in one turn
};

struct TextFormat {};
struct JsonObjectFormat {};
struct JsonSchemaFormat {
  std::string name;
  json::Value schema;
  bool strict = false;
  std::string path = {};  // of the schema in the request, for errors: `text.format.schema`
};
using OutputFormat = std::variant<TextFormat, JsonObjectFormat, JsonSchemaFormat, GrammarFormat>;

}  // namespace inference
