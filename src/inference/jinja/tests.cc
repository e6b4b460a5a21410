// What can stand after `is`.
#include <algorithm>
#include <array>

#include "inference/jinja/filters.h"
#include "inference/jinja/operators.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

const Value& argument(const Arguments& arguments, std::size_t index = 0) {
  if (index >= arguments.positional.size()) raise("a test misses its argument");
  return arguments.positional[index];
}

template <Kind... kinds>
Value is_kind(Interpreter&, const Value& value, const Arguments&) {
  return Value::boolean((value.is(kinds) || ...));
}

template <CompareOperator op>
Value compares(Interpreter&, const Value& value, const Arguments& arguments) {
  return Value::boolean(compare(op, value, argument(arguments)));
}

Value defined(Interpreter&, const Value& value, const Arguments&) {
  return Value::boolean(!value.is_undefined());
}

template <bool expected>
Value is_boolean(Interpreter&, const Value& value, const Arguments&) {
  return Value::boolean(value.is(Kind::Bool) && value.as_bool() == expected);
}

template <std::int64_t rest>
Value parity(Interpreter&, const Value& value, const Arguments&) {
  const auto remainder = calculate(BinaryOperator::Modulo, value, Value::integer(2));
  return Value::boolean(equal(remainder, Value::integer(rest)));
}

Value divisible_by(Interpreter&, const Value& value, const Arguments& arguments) {
  const auto remainder = calculate(BinaryOperator::Modulo, value, argument(arguments));
  return Value::boolean(equal(remainder, Value::integer(0)));
}

template <bool (*matches)(char32_t), bool (*contradicts)(char32_t)>
Value in_case(Interpreter&, const Value& value, const Arguments&) {
  const auto text = to_code_points(to_text(value));
  return Value::boolean(std::any_of(text.begin(), text.end(), matches) &&
                        std::none_of(text.begin(), text.end(), contradicts));
}

Value sequence(Interpreter&, const Value& value, const Arguments&) {
  switch (value.kind()) {
    case Kind::Undefined:
    case Kind::String:
    case Kind::List:
    case Kind::Tuple:
    case Kind::Dict:
    case Kind::Range: return Value::boolean(true);
    default: return Value::boolean(false);
  }
}

Value iterable(Interpreter&, const Value& value, const Arguments&) {
  const bool can = !value.is_none() && !value.is_number() && !value.is(Kind::Namespace) &&
                   !value.is(Kind::Callable);
  return Value::boolean(can);
}

Value same_as(Interpreter&, const Value& value, const Arguments& arguments) {
  return Value::boolean(value.same_object(argument(arguments)));
}

Value escaped(Interpreter&, const Value& value, const Arguments&) {
  return Value::boolean(value.is_markup());
}

Value is_filter(Interpreter&, const Value& value, const Arguments&) {
  return Value::boolean(value.is_string() && find_filter(value.as_string()));
}

Value is_test(Interpreter&, const Value& value, const Arguments&) {
  return Value::boolean(value.is_string() && find_test(value.as_string()));
}

struct TestEntry {
  std::string_view name;
  FilterFunction function;
};

constexpr std::array tests = {
    TestEntry{"!=", compares<CompareOperator::NotEqual>},
    TestEntry{"<", compares<CompareOperator::Less>},
    TestEntry{"<=", compares<CompareOperator::LessEqual>},
    TestEntry{"==", compares<CompareOperator::Equal>},
    TestEntry{">", compares<CompareOperator::Greater>},
    TestEntry{">=", compares<CompareOperator::GreaterEqual>},
    TestEntry{"boolean", is_kind<Kind::Bool>},
    TestEntry{"callable", is_kind<Kind::Callable, Kind::Undefined>},
    TestEntry{"defined", defined},
    TestEntry{"divisibleby", divisible_by},
    TestEntry{"eq", compares<CompareOperator::Equal>},
    TestEntry{"equalto", compares<CompareOperator::Equal>},
    TestEntry{"escaped", escaped},
    TestEntry{"even", parity<0>},
    TestEntry{"false", is_boolean<false>},
    TestEntry{"filter", is_filter},
    TestEntry{"float", is_kind<Kind::Float>},
    TestEntry{"ge", compares<CompareOperator::GreaterEqual>},
    TestEntry{"greaterthan", compares<CompareOperator::Greater>},
    TestEntry{"gt", compares<CompareOperator::Greater>},
    TestEntry{"in", compares<CompareOperator::In>},
    TestEntry{"integer", is_kind<Kind::Int>},
    TestEntry{"iterable", iterable},
    TestEntry{"le", compares<CompareOperator::LessEqual>},
    TestEntry{"lessthan", compares<CompareOperator::Less>},
    TestEntry{"lower", in_case<is_lower, is_upper>},
    TestEntry{"lt", compares<CompareOperator::Less>},
    TestEntry{"mapping", is_kind<Kind::Dict>},
    TestEntry{"ne", compares<CompareOperator::NotEqual>},
    TestEntry{"none", is_kind<Kind::None>},
    TestEntry{"number", is_kind<Kind::Bool, Kind::Int, Kind::Float>},
    TestEntry{"odd", parity<1>},
    TestEntry{"sameas", same_as},
    TestEntry{"sequence", sequence},
    TestEntry{"string", is_kind<Kind::String>},
    TestEntry{"test", is_test},
    TestEntry{"true", is_boolean<true>},
    TestEntry{"undefined", is_kind<Kind::Undefined>},
    TestEntry{"upper", in_case<is_upper, is_lower>},
};

}  // namespace

FilterFunction find_test(std::string_view name) {
  for (const auto& entry : tests) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace inference::jinja
