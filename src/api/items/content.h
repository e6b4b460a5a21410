// The parts that a message's content or a call's output consists of.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace api::items {

// A string or a list of parts of a message of that role, as the list it means: `output_text` for an
// assistant's, `input_text` for the others'. Members that the API always sends are filled in.
Result<json::Array> parse_content(const json::Value& value, const json::Path& path,
                                  std::string_view role);

}  // namespace api::items
