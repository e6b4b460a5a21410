// Strings that are written without quotes and escapes, as they stand in the tags of tool calls.
#pragma once

#include "base/error.h"
#include "base/json/value.h"
#include "engine/grammar/term.h"

namespace inference::grammar {

// Whether a schema describes strings and nothing else, by its `type`.
bool is_plain_string(const json::Value& schema);

// The texts of such a schema: its enum, const, pattern, format and lengths. What else it says is
// refused, with the keyword's pointer as `param`.
Result<engine::grammar::TermId> plain_string(engine::grammar::Terms& terms,
                                             const json::Value& schema);

}  // namespace inference::grammar
