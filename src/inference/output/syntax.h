// How the model families write reasoning and tool calls, as data: the parser and the grammar for
// constrained decoding are both made from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inference::output {

// Where reasoning begins and ends. Both empty: the family has none.
struct ReasoningMarkers {
  std::string_view open;
  std::string_view close;
  std::string_view mark = {};  // stands in the templates, where `open` and `close` do not
};

enum class CallForm {
  Json,     // objects {"name":, "arguments":} alone or in a list
  Named,    // the name, then the arguments as a JSON object
  Tags,     // a tag per parameter, values as text
  Python,   // f(a='x', b=1)
  Harmony,  // channels with a recipient
};

// The literal text around the parts of a call. Written one after the other they give a turn:
//   open  (before NAME between ARGUMENTS after) separator (before ... after)  close
// ARGUMENTS is a JSON object; in the Tags form it is instead, per parameter,
//   parameter_before KEY parameter_between VALUE parameter_after
// with strings as plain text and everything else as JSON.
struct CallFrame {
  std::string_view open;
  std::string_view before;
  std::string_view between;
  std::string_view after;
  std::string_view separator;
  std::string_view close;
  std::string_view parameter_before = {};
  std::string_view parameter_between = {};
  std::string_view parameter_after = {};
};

// What the parser looks for in the Tags form. A `%` in `value_end` stands for the key.
struct TagMarkers {
  std::string_view call_open;
  std::string_view call_header_end;
  std::string_view parameter_open;
  std::string_view parameter_header_end;
  std::string_view value_end;
  std::string_view call_end;
};

struct ToolSyntax {
  std::string_view family;
  // All of these stand in the family's templates; a family further up in the table wins.
  std::vector<std::string_view> marks;
  CallForm form = CallForm::Json;
  // Any of these in free text begins a call, or several up to `end` (empty: as far as calls go).
  std::vector<std::string_view> triggers;
  std::string_view end = {};
  CallFrame frame;
  TagMarkers tags = {};
  bool name_is_key = false;  // Json: {"NAME": {arguments}}
  bool bare_json = false;    // Json without a trigger, when the answer begins with it
  bool python_too = false;   // Json: after the trigger there may also be NAME.call(x='y')
  bool parallel = true;      // the family writes several calls in one turn
  // Structure that is neither text nor call, dropped wherever it appears.
  std::vector<std::string_view> dropped = {};
};

// The table, most specific first; the last entry takes everything.
const std::vector<ToolSyntax>& tool_syntaxes();
const std::vector<ReasoningMarkers>& reasoning_markers();

// Found by the markers in a chat template's source. Templates that know no tools get the Hermes
// form, which is what the generic tool prompt asks for.
const ToolSyntax& detect_syntax(std::string_view template_source);
ReasoningMarkers detect_reasoning(std::string_view template_source);

}  // namespace inference::output
