// What a function's schema becomes when the request does not say whether it is strict.
#pragma once

#include <optional>
#include <string_view>

#include "base/json/value.h"

namespace api::responses {

// The schema closed to further properties, when it is one that `strict: true` allows then; nothing
// when it is not, and the function is not strict. The real API goes further and makes optional
// properties required: callers would be sent what they said may be absent.
std::optional<json::Object> strict_form(const json::Object& parameters, std::string_view function);

// What the model may write for it: the named properties only, where the schema does not say that
// there are others. Schemas leave that out, and mean it.
json::Object written_form(const json::Object& parameters);

}  // namespace api::responses
