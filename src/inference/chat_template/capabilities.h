// What a chat template can express, found out by rendering small conversations with it.
#pragma once

#include <string>

#include "inference/jinja/template.h"

namespace inference {

// The texts of a model's special tokens that templates refer to.
struct TemplateTokens {
  std::string bos;
  std::string eos;
};

struct TemplateCapabilities {
  bool system = true;                 // a system message appears in the prompt
  bool developer = false;             // knows the developer role; else it is sent as system
  bool system_anywhere = true;        // also after the first turns
  bool several_instructions = false;  // more than one at the start
  bool empty_tools_list = false;      // wants an empty list where there are no tools, not none
  bool functions_variable = false;    // wants the tools as JSON text in `functions` (Firefunction)
  bool tools = false;                 // the tools' descriptions appear in the prompt
  bool tool_calls = false;            // earlier calls and their results appear
  bool parallel_calls = false;        // several calls in one assistant message
  bool string_arguments = false;      // wants a call's arguments as text; else as an object
  bool short_call_ids = false;        // wants ids of nine letters and digits (Mistral)
  bool typed_content = false;         // wants content as a list of parts, always
  bool thinking_switch = false;       // takes `enable_thinking`, `thinking` or the like
  bool reasoning_effort = false;      // takes `reasoning_effort`
  bool reasoning = false;             // anything about reasoning at all
  std::string reasoning_field;  // of an assistant message; empty: earlier reasoning is left out
};

TemplateCapabilities probe_capabilities(const jinja::Template& source, std::string_view text,
                                        const TemplateTokens& tokens);

}  // namespace inference
