// Why a schema was refused that nothing satisfies: which of its parts is to blame.
#pragma once

#include "base/error.h"
#include "base/json/value.h"
#include "inference/grammar/json_schema.h"

namespace inference::grammar {

// The error for a schema without a value, or without one that was found (`is_certain` false). It
// names the innermost part that every value needs and that has no value of its own, and there the
// keyword without which there would be one.
Error unsatisfiable(const json::Value& schema, const SchemaOptions& options, bool is_certain);

}  // namespace inference::grammar
