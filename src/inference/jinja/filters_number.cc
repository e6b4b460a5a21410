// Filters that make numbers.
#include <array>
#include <cmath>

#include "inference/jinja/filters_shared.h"
#include "inference/jinja/operators.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

constexpr double beyond_int64 = 9.2233720368547758e18;

Value abs_filter(Interpreter&, const Value& value, const Arguments&) {
  if (value.is_undefined()) value.raise_undefined();
  if (value.is(Kind::Float)) return Value::number(std::fabs(value.as_double()));
  if (!value.is_integral()) {
    raise("bad operand type for abs(): '" + std::string(type_name(value)) + "'");
  }
  return value.as_int() < 0 ? negate(value) : Value::integer(value.as_int());
}

Value int_filter(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "int", {"default", "base"});
  const Value otherwise = bound.has(0) ? bound[0] : Value::integer(0);
  if (value.is_undefined()) value.raise_undefined();
  if (value.is_integral()) return Value::integer(value.as_int());
  std::optional<double> number;
  if (value.is(Kind::Float)) number = value.as_double();
  if (value.is_string()) {
    const auto base = bound.integer(1, 10);
    if (const auto parsed =
            parse_int(value.as_string(), static_cast<int>(std::clamp<std::int64_t>(base, -1, 99))))
      return Value::integer(*parsed);
    number = parse_float(value.as_string());
  }
  if (!number || !(std::fabs(*number) < beyond_int64)) return otherwise;
  return Value::integer(static_cast<std::int64_t>(*number));
}

Value float_filter(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "float", {"default"});
  if (value.is_undefined()) value.raise_undefined();
  if (value.is_number()) return Value::number(value.as_double());
  if (value.is_string()) {
    if (const auto parsed = parse_float(value.as_string())) return Value::number(*parsed);
  }
  return bound.has(0) ? bound[0] : Value::number(0);
}

// Python rounds the exact decimal value of the double, half to even.
double round_common(double value, std::int64_t precision) {
  if (!std::isfinite(value) || precision > 300) return value;
  if (precision < -308) return 0.0 * value;
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / scale) * scale;
  }
  const auto text = format_percent(Value::string("%.*f"),
                                   Value::tuple({Value::integer(precision), Value::number(value)}));
  return parse_float(text.as_string()).value_or(value);
}

Value round_filter(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "round", {"precision", "method"});
  const auto method = bound.string(1, "common");
  const auto precision = bound.integer(0, 0);
  if (method != "common" && method != "ceil" && method != "floor") {
    raise("method must be common, ceil or floor");
  }
  if (value.is_undefined()) value.raise_undefined();
  if (!value.is_number()) {
    raise("type " + std::string(type_name(value)) + " doesn't define __round__ method");
  }
  if (method == "common") {
    if (value.is_integral() && precision >= 0) return Value::integer(value.as_int());
    const double rounded = round_common(value.as_double(), precision);
    return value.is_integral() ? Value::integer(static_cast<std::int64_t>(rounded))
                               : Value::number(rounded);
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.as_double() * scale;
  return Value::number((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

constexpr std::array number_entries = {
    FilterEntry{"abs", abs_filter},
    FilterEntry{"float", float_filter},
    FilterEntry{"int", int_filter},
    FilterEntry{"round", round_filter},
};

}  // namespace

std::span<const FilterEntry> number_filters() {
  return number_entries;
}

}  // namespace inference::jinja
