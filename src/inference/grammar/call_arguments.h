// What stands between the name and the end of a call, in each form of writing calls.
#pragma once

#include "inference/grammar/tool_grammar.h"
#include "inference/output/syntax.h"

namespace inference::grammar {

// InvalidRequest when the parameters are no object's schema.
Status check_parameters(const Tool& tool);

// The arguments of a call of `tool`. `is_free`: its schema cannot be enforced, any object will do.
// Literal texts may have control tokens in them.
Part call_arguments(const Tool& tool, const output::ToolSyntax& syntax, bool is_free);

}  // namespace inference::grammar
