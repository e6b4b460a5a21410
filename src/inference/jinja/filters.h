// The tables of filters, tests and global functions, by name.
#pragma once

#include <string_view>

#include "inference/jinja/callable.h"
#include "inference/jinja/value.h"

namespace inference::jinja {

// A filter or test: the value it is applied to, and the arguments in parentheses.
using FilterFunction = Value (*)(Interpreter& interpreter, const Value& value,
                                 const Arguments& arguments);

// Null when there is none of that name.
FilterFunction find_filter(std::string_view name);
FilterFunction find_test(std::string_view name);

// A method of a string, list, dict... bound to the object. Undefined for methods a template must
// not call (list.append: values never change); null when the type has none of that name.
std::optional<Value> find_method(const Value& object, std::string_view name);

// range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
std::optional<Value> find_global(std::string_view name);

}  // namespace inference::jinja
