// The tables of methods, one per type; find_method in filters.h looks them up.
#pragma once

#include <span>
#include <string_view>

#include "inference/jinja/callable.h"

namespace inference::jinja {

struct Method {
  std::string_view name;
  // Null for methods that would change the object: a template may name but not call them.
  Value (*function)(Interpreter& interpreter, const Value& object, const Arguments& arguments);
};

std::span<const Method> string_methods();
std::span<const Method> string_test_methods();

}  // namespace inference::jinja
