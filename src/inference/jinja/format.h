// str.format: replacement fields with Python's format specifications.
#pragma once

#include <string>
#include <string_view>

#include "inference/jinja/callable.h"

namespace inference::jinja {

std::string format_braces(Interpreter& interpreter, std::string_view format,
                          const Arguments& arguments);
// format(value, spec), e.g. ">8.3f".
std::string format_value(const Value& value, std::string_view spec);

}  // namespace inference::jinja
