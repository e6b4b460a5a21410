#include "inference/jinja/operators.h"

#include <cmath>

#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

std::string_view symbol(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::Add: return "+";
    case BinaryOperator::Subtract: return "-";
    case BinaryOperator::Multiply: return "*";
    case BinaryOperator::Divide: return "/";
    case BinaryOperator::FloorDivide: return "//";
    case BinaryOperator::Modulo: return "%";
    case BinaryOperator::Power: return "** or pow()";
  }
  return "?";
}

[[noreturn]] void refuse(BinaryOperator op, const Value& left, const Value& right) {
  raise("unsupported operand type(s) for " + std::string(symbol(op)) + ": '" +
        std::string(type_name(left)) + "' and '" + std::string(type_name(right)) + "'");
}

[[noreturn]] void overflow() {
  raise("integer result is beyond 64 bits");
}

Value power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) raise("0.0 cannot be raised to a negative power");
    return Value::number(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return Value::integer(result);
}

Value calculate_integers(BinaryOperator op, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  switch (op) {
    case BinaryOperator::Add:
      if (__builtin_add_overflow(left, right, &result)) overflow();
      return Value::integer(result);
    case BinaryOperator::Subtract:
      if (__builtin_sub_overflow(left, right, &result)) overflow();
      return Value::integer(result);
    case BinaryOperator::Multiply:
      if (__builtin_mul_overflow(left, right, &result)) overflow();
      return Value::integer(result);
    case BinaryOperator::Power: return power(left, right);
    default: break;
  }
  if (right == 0) raise("division by zero");
  if (op == BinaryOperator::Divide) {
    return Value::number(static_cast<double>(left) / static_cast<double>(right));
  }
  if (right == -1) {  // the one division that overflows
    if (op == BinaryOperator::Modulo) return Value::integer(0);
    if (__builtin_sub_overflow(0, left, &result)) overflow();
    return Value::integer(result);
  }
  std::int64_t quotient = left / right;
  std::int64_t rest = left % right;
  if (rest != 0 && (rest < 0) != (right < 0)) {
    --quotient;
    rest += right;
  }
  return Value::integer(op == BinaryOperator::FloorDivide ? quotient : rest);
}

Value calculate_floats(BinaryOperator op, double left, double right) {
  switch (op) {
    case BinaryOperator::Add: return Value::number(left + right);
    case BinaryOperator::Subtract: return Value::number(left - right);
    case BinaryOperator::Multiply: return Value::number(left * right);
    case BinaryOperator::Power:
      if (left == 0 && right < 0) raise("0.0 cannot be raised to a negative power");
      if (left < 0 && right != std::floor(right)) raise("complex numbers are not supported");
      return Value::number(std::pow(left, right));
    default: break;
  }
  if (right == 0) raise("float division by zero");
  if (op == BinaryOperator::Divide) return Value::number(left / right);
  double rest = std::fmod(left, right);
  if (rest != 0 && (rest < 0) != (right < 0)) rest += right;
  if (op == BinaryOperator::Modulo) return Value::number(rest);
  return Value::number(std::floor((left - rest) / right + 0.5));
}

Value repeat(const Value& value, std::int64_t times) {
  times = std::max<std::int64_t>(times, 0);
  if (value.is_string()) {
    const auto& text = value.as_string();
    if (text.empty()) times = 0;
    std::int64_t size = 0;
    if (__builtin_mul_overflow(static_cast<std::int64_t>(text.size()), times, &size)) overflow();
    check_size(size);
    std::string out;
    out.reserve(static_cast<std::size_t>(size));
    for (std::int64_t i = 0; i < times; ++i) out += text;
    return Value::string(std::move(out), value.is_markup());
  }
  const auto& items = value.as_sequence().items;
  if (items.empty()) times = 0;
  std::int64_t size = 0;
  const auto item_bytes = static_cast<std::int64_t>(items.size() * sizeof(Value));
  if (__builtin_mul_overflow(item_bytes, times, &size)) overflow();
  check_size(size);
  Items out;
  out.reserve(items.size() * static_cast<std::size_t>(times));
  for (std::int64_t i = 0; i < times; ++i) out.insert(out.end(), items.begin(), items.end());
  return value.is(Kind::List) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

bool can_repeat(const Value& value) {
  return value.is_string() || value.is(Kind::List) || value.is(Kind::Tuple);
}

Value add_strings(const Value& left, const Value& right) {
  const bool is_markup = left.is_markup() || right.is_markup();
  const auto part = [&](const Value& value) {
    return is_markup && !value.is_markup() ? escape_html(value.as_string()) : value.as_string();
  };
  check_size(static_cast<std::int64_t>(left.as_string().size() + right.as_string().size()));
  return Value::string(is_markup ? part(left) + part(right) : left.as_string() + right.as_string(),
                       is_markup);
}

std::optional<Value> add_sequences(const Value& left, const Value& right) {
  if (left.kind() != right.kind() || !(left.is(Kind::List) || left.is(Kind::Tuple)))
    return std::nullopt;
  const auto& a = left.as_sequence().items;
  const auto& b = right.as_sequence().items;
  Items items;
  items.reserve(a.size() + b.size());
  items.insert(items.end(), a.begin(), a.end());
  items.insert(items.end(), b.begin(), b.end());
  return left.is(Kind::List) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

std::optional<std::int64_t> bound(const Value& value) {
  if (value.is_none()) return std::nullopt;
  if (value.is_undefined()) raise("slice indices must be integers or None");
  if (!value.is_integral()) raise("slice indices must be integers or None");
  return value.as_int();
}

}  // namespace

Value calculate(BinaryOperator op, const Value& left, const Value& right) {
  if (op == BinaryOperator::Modulo && left.is_string()) return format_percent(left, right);
  if (left.is_undefined()) left.raise_undefined();
  if (right.is_undefined()) right.raise_undefined();
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) {
      return calculate_integers(op, left.as_int(), right.as_int());
    }
    return calculate_floats(op, left.as_double(), right.as_double());
  }
  if (op == BinaryOperator::Add) {
    if (left.is_string() && right.is_string()) return add_strings(left, right);
    if (left.is_string()) {
      raise("can only concatenate str (not \"" + std::string(type_name(right)) + "\") to str");
    }
    if (auto joined = add_sequences(left, right)) return *joined;
  }
  if (op == BinaryOperator::Multiply) {
    if (can_repeat(left) && right.is_integral()) return repeat(left, right.as_int());
    if (can_repeat(right) && left.is_integral()) return repeat(right, left.as_int());
  }
  refuse(op, left, right);
}

Value negate(const Value& operand) {
  if (operand.is_undefined()) operand.raise_undefined();
  if (operand.is(Kind::Float)) return Value::number(-operand.as_double());
  if (operand.is_integral()) {
    return calculate_integers(BinaryOperator::Subtract, 0, operand.as_int());
  }
  raise("bad operand type for unary -: '" + std::string(type_name(operand)) + "'");
}

Value plus(const Value& operand) {
  if (operand.is_undefined()) operand.raise_undefined();
  if (operand.is(Kind::Float)) return operand;
  if (operand.is_integral()) return Value::integer(operand.as_int());
  raise("bad operand type for unary +: '" + std::string(type_name(operand)) + "'");
}

bool compare(CompareOperator op, const Value& left, const Value& right) {
  switch (op) {
    case CompareOperator::Equal: return equal(left, right);
    case CompareOperator::NotEqual: return !equal(left, right);
    case CompareOperator::Less: return less(left, right, "<");
    case CompareOperator::Greater: return less(right, left, ">");
    case CompareOperator::LessEqual: return less(left, right, "<=") || equal(left, right);
    case CompareOperator::GreaterEqual: return less(right, left, ">=") || equal(left, right);
    case CompareOperator::In: return contains(right, left);
    case CompareOperator::NotIn: return !contains(right, left);
  }
  return false;
}

Value slice(const Value& object, const Value& start, const Value& stop, const Value& step) {
  if (object.is_undefined()) object.raise_undefined();
  const auto from = bound(start);
  const auto to = bound(stop);
  const auto by = bound(step).value_or(1);
  if (by == 0) raise("slice step cannot be zero");
  const bool sliceable = object.is_string() || object.is(Kind::List) || object.is(Kind::Tuple) ||
                         object.is(Kind::Range);
  if (!sliceable) {
    raise("'" + std::string(type_name(object)) + "' object is not subscriptable with a slice");
  }
  const auto range = slice_range(*length(object), from, to, by);
  const auto at = [&](std::int64_t i) {
    return static_cast<std::size_t>(range.start + i * range.step);
  };
  if (object.is_string()) {
    const auto& text = object.as_string();
    std::string out;
    if (is_ascii(text)) {
      if (range.step == 1 && range.count > 0) {
        out = text.substr(at(0), static_cast<std::size_t>(range.count));
      } else {
        for (std::int64_t i = 0; i < range.count; ++i) out += text[at(i)];
      }
    } else {
      const auto parts = characters(text);
      for (std::int64_t i = 0; i < range.count; ++i) out += parts[at(i)];
    }
    return Value::string(std::move(out), object.is_markup());
  }
  if (object.is(Kind::Range)) {
    const auto& of = object.as_range();
    if (range.count == 0) return Value::range(0, 0, 1);
    const auto first = calculate_integers(
        BinaryOperator::Add, of.start,
        calculate_integers(BinaryOperator::Multiply, range.start, of.step).as_int());
    const auto by_step = calculate_integers(BinaryOperator::Multiply, of.step, range.step);
    const auto span = calculate_integers(BinaryOperator::Multiply, by_step.as_int(), range.count);
    const auto end = calculate_integers(BinaryOperator::Add, first.as_int(), span.as_int());
    return Value::range(first.as_int(), end.as_int(), by_step.as_int());
  }
  const auto& items = object.as_sequence().items;
  Items out;
  out.reserve(static_cast<std::size_t>(range.count));
  for (std::int64_t i = 0; i < range.count; ++i) out.push_back(items[at(i)]);
  return object.is(Kind::List) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

}  // namespace inference::jinja
