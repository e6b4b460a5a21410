// The grammar of one turn of a model: reasoning, text, calls of tools in the family's own syntax,
// an answer in a format. Made of parts (tool_grammar.h) from what inference/output knows of the
// family.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/grammar/tool_grammar.h"
#include "inference/output/syntax.h"
#include "inference/tool.h"

namespace inference::grammar {

// A token that no text spells, and the text that stands for it in templates.
struct ControlToken {
  std::string text;
  std::uint32_t token = 0;
};

enum class Reasoning { None, Allowed, Begun };  // Begun: the prompt has opened it

// Borrows everything.
struct Turn {
  const output::ToolSyntax& syntax;
  output::ReasoningMarkers markers;
  Reasoning reasoning = Reasoning::None;
  std::string_view begun;  // what the prompt ends with of a turn's first marker
  std::span<const ControlToken> control_tokens;
  std::span<const Tool> tools;  // those that may be called
  ToolChoice::Mode mode = ToolChoice::Mode::None;
  bool several = true;  // calls in one turn
  const OutputFormat& format;
};

// Strict functions are held to their schemas and to the API's subset rules; of others, those whose
// schema cannot be enforced take any object. Errors name the field (Tool::path,
// JsonSchemaFormat::path).
Result<CompiledGrammar> compile_turn(const Turn& turn);

}  // namespace inference::grammar
