// Arithmetic and subscripts on values, after Python.
#pragma once

#include "inference/jinja/ast.h"
#include "inference/jinja/value.h"

namespace inference::jinja {

Value calculate(BinaryOperator op, const Value& left, const Value& right);
Value negate(const Value& operand);
Value plus(const Value& operand);
bool compare(CompareOperator op, const Value& left, const Value& right);
// object[start:stop:step]; undefined bounds raise, None bounds are absent.
Value slice(const Value& object, const Value& start, const Value& stop, const Value& step);
// Python's %: printf-style formatting.
Value format_percent(const Value& format, const Value& arguments);

}  // namespace inference::jinja
