#include "inference/jinja/format.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "inference/jinja/interpreter.h"
#include "inference/jinja/operators.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

// What a field looks like, in either language.
struct Field {
  std::string fill = " ";
  char align = 0;  // < > ^ =, or 0 for the type's default
  char sign = '-';
  bool alternate = false;
  char grouping = 0;  // , or _
  std::int64_t width = 0;
  std::int64_t precision = -1;
  char type = 0;
};

std::int64_t read_digits(std::string_view& text) {
  std::int64_t value = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value = value * 10 + (text[0] - '0');
    check_size(value);
    text.remove_prefix(1);
  }
  return value;
}

std::string pad(std::string text, const Field& field, char default_align) {
  const auto size = static_cast<std::int64_t>(count_characters(text));
  if (size >= field.width) return text;
  const auto missing = field.width - size;
  check_size(missing * 4);
  const char align = field.align ? field.align : default_align;
  const auto left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string before;
  std::string after;
  for (std::int64_t i = 0; i < left; ++i) before += field.fill;
  for (std::int64_t i = left; i < missing; ++i) after += field.fill;
  if (align == '=') {  // between the sign and the digits
    const std::size_t signs = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
    return text.substr(0, signs) + before + text.substr(signs);
  }
  return before + text + after;
}

std::string group(std::string digits, char separator, std::size_t size) {
  if (!separator) return digits;
  std::size_t whole = 0;
  while (whole < digits.size() && std::isxdigit(static_cast<unsigned char>(digits[whole]))) ++whole;
  for (std::size_t at = whole; at > size; at -= size) digits.insert(at - size, 1, separator);
  return digits;
}

std::string with_sign(std::string digits, bool negative, char sign) {
  if (negative) return "-" + digits;
  if (sign == '+' || sign == ' ') return sign + digits;
  return digits;
}

std::string integer_digits(std::int64_t value, const Field& field) {
  auto magnitude =
      value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  const unsigned base = field.type == 'b'                        ? 2
                        : field.type == 'o'                      ? 8
                        : field.type == 'x' || field.type == 'X' ? 16
                                                                 : 10;
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[magnitude % base]);
    magnitude /= base;
  } while (magnitude);
  digits = group(std::move(digits), field.grouping, base == 10 ? 3 : 4);
  if (field.alternate && base != 10) {
    digits = std::string("0") + static_cast<char>(std::tolower(field.type)) + digits;
  }
  return field.type == 'X' ? upper(digits) : digits;
}

std::string float_digits(double value, const Field& field) {
  if (!std::isfinite(value)) {
    const std::string text = std::isnan(value) ? "nan" : "inf";
    return std::isupper(static_cast<unsigned char>(field.type)) ? upper(text) : text;
  }
  if (field.type == 0 && field.precision < 0) {
    return group(repr_float(std::fabs(value)), field.grouping, 3);
  }
  const bool is_percent = field.type == '%';
  std::string format = std::string("%") + (field.alternate ? "#" : "") + ".*";
  format += is_percent ? 'f' : field.type == 0 || field.type == 'n' ? 'g' : field.type;
  const int precision =
      field.precision < 0 ? 6 : static_cast<int>(std::min<std::int64_t>(field.precision, 1000));
  char buffer[1400];
  const double shown = std::fabs(is_percent ? value * 100 : value);
  const int size = std::snprintf(buffer, sizeof buffer, format.c_str(), precision, shown);
  std::string text(buffer, static_cast<std::size_t>(size));
  if (field.type == 0 && text.find_first_of(".e") == std::string::npos) text += ".0";
  return group(std::move(text), field.grouping, 3) + (is_percent ? "%" : "");
}

bool is_float_type(char type) {
  return type != 0 && std::strchr("eEfFgG%", type) != nullptr;
}

std::string format_number(const Value& value, const Field& field) {
  std::string digits;
  bool negative;
  if (value.is(Kind::Float) || is_float_type(field.type)) {
    const double number = value.as_double();
    negative = std::signbit(number) && !std::isnan(number);
    digits = float_digits(number, field);
  } else {
    negative = value.as_int() < 0;
    digits = integer_digits(value.as_int(), field);
  }
  return pad(with_sign(std::move(digits), negative, field.sign), field, '>');
}

std::string truncated(std::string_view text, std::int64_t count) {
  if (count < 0) return std::string(text);
  std::string out;
  for (const auto character : characters(text)) {
    if (count-- == 0) break;
    out += character;
  }
  return out;
}

Field parse_spec(std::string_view spec) {
  Field field;
  const auto is_align = [](std::string_view text) {
    return !text.empty() && std::strchr("<>^=", text[0]) != nullptr;
  };
  if (!spec.empty()) {
    const auto first = characters(spec)[0];
    if (is_align(spec.substr(first.size()))) {
      field.fill = first;
      field.align = spec[first.size()];
      spec.remove_prefix(first.size() + 1);
    } else if (is_align(spec)) {
      field.align = spec[0];
      spec.remove_prefix(1);
    }
  }
  if (!spec.empty() && std::strchr("+- ", spec[0])) {
    field.sign = spec[0];
    spec.remove_prefix(1);
  }
  if (spec.starts_with('#')) {
    field.alternate = true;
    spec.remove_prefix(1);
  }
  if (spec.starts_with('0')) {
    if (!field.align) {
      field.fill = "0";
      field.align = '=';
    }
    spec.remove_prefix(1);
  }
  field.width = read_digits(spec);
  if (spec.starts_with(',') || spec.starts_with('_')) {
    field.grouping = spec[0];
    spec.remove_prefix(1);
  }
  if (spec.starts_with('.')) {
    spec.remove_prefix(1);
    if (spec.empty() || spec[0] < '0' || spec[0] > '9') raise("Format specifier missing precision");
    field.precision = read_digits(spec);
  }
  if (spec.size() > 1) raise("Invalid format specifier");
  if (!spec.empty()) field.type = spec[0];
  return field;
}

// The value a replacement field names: "0", "name", then ".attribute" and "[key]".
class FieldName {
 public:
  FieldName(Interpreter& interpreter, const Arguments& arguments, std::int64_t& next)
      : interpreter_(interpreter), arguments_(arguments), next_(next) {}

  Value value(std::string_view name) {
    const auto end = std::min(name.find_first_of(".["), name.size());
    Value value = first(name.substr(0, end));
    name.remove_prefix(end);
    while (!name.empty()) {
      const bool is_attribute = name[0] == '.';
      name.remove_prefix(1);
      const auto stop =
          is_attribute ? std::min(name.find_first_of(".["), name.size()) : name.find(']');
      if (stop == name.npos) raise("Missing ']' in format string");
      const auto key = name.substr(0, stop);
      const auto index = is_attribute ? std::nullopt : parse_int(key, 10);
      value = interpreter_.subscript(
          value, index ? Value::integer(*index) : Value::string(std::string(key)));
      name.remove_prefix(is_attribute ? stop : stop + 1);
    }
    return value;
  }

 private:
  Value first(std::string_view name) {
    std::optional<std::int64_t> index = name.empty() ? next_++ : parse_int(name, 10);
    if (!index) {
      if (const auto* found = arguments_.find(name)) return *found;
      raise("KeyError: '" + std::string(name) + "'");
    }
    if (*index < 0 || static_cast<std::size_t>(*index) >= arguments_.positional.size()) {
      raise("Replacement index " + std::to_string(*index) +
            " out of range for positional args tuple");
    }
    return arguments_.positional[static_cast<std::size_t>(*index)];
  }

  Interpreter& interpreter_;
  const Arguments& arguments_;
  std::int64_t& next_;
};

std::string expand(Interpreter& interpreter, std::string_view format, const Arguments& arguments,
                   std::int64_t& next, int depth);

std::string expand_field(Interpreter& interpreter, std::string_view field,
                         const Arguments& arguments, std::int64_t& next, int depth) {
  const auto end = std::min(field.find_first_of("!:"), field.size());
  Value value = FieldName(interpreter, arguments, next).value(field.substr(0, end));
  std::string_view rest = field.substr(end);
  if (rest.starts_with('!')) {
    if (rest.size() < 2) raise("end of string while looking for conversion specifier");
    if (rest[1] != 's' && rest[1] != 'r' && rest[1] != 'a') raise("Unknown conversion specifier");
    value = Value::string(rest[1] == 's' ? to_text(value) : repr(value));
    rest.remove_prefix(2);
  }
  if (!rest.empty() && rest[0] != ':') raise("expected ':' after conversion specifier");
  const auto spec = rest.empty() ? std::string()
                                 : expand(interpreter, rest.substr(1), arguments, next, depth + 1);
  return format_value(value, spec);
}

std::string expand(Interpreter& interpreter, std::string_view format, const Arguments& arguments,
                   std::int64_t& next, int depth) {
  if (depth > 2) raise("Max string recursion exceeded");
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (i + 1 < format.size() && format[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    if (c == '}') raise("Single '}' encountered in format string");
    int open = 1;
    std::size_t end = i + 1;
    while (end < format.size() && open > 0) {
      open += format[end] == '{' ? 1 : format[end] == '}' ? -1 : 0;
      ++end;
    }
    if (open > 0) raise("Single '{' encountered in format string");
    out += expand_field(interpreter, format.substr(i + 1, end - i - 2), arguments, next, depth);
    check_size(static_cast<std::int64_t>(out.size()));
    i = end - 1;
  }
  return out;
}

// The printf-like operator, one conversion after the other.
class PercentFormat {
 public:
  explicit PercentFormat(const Value& arguments) : arguments_(arguments) {
    if (arguments.is(Kind::Tuple)) {
      positional_ = arguments.as_sequence().items;
    } else {
      positional_ = {arguments};
    }
  }

  std::string expand(std::string_view format) {
    std::string out;
    while (!format.empty()) {
      const auto percent = std::min(format.find('%'), format.size());
      out += format.substr(0, percent);
      format.remove_prefix(percent);
      if (format.empty()) break;
      format.remove_prefix(1);
      out += conversion(format);
      check_size(static_cast<std::int64_t>(out.size()));
    }
    const bool all_used = next_ >= positional_.size() || used_mapping_ || arguments_.is_dict() ||
                          arguments_.is(Kind::List);
    if (!all_used) raise("not all arguments converted during string formatting");
    return out;
  }

 private:
  std::string conversion(std::string_view& format) {
    Field field;
    std::optional<Value> value = mapping_value(format);
    bool zero = false;
    while (!format.empty() && std::strchr("#0- +", format[0])) {
      switch (format[0]) {
        case '#': field.alternate = true; break;
        case '0': zero = true; break;
        case '-': field.align = '<'; break;
        default: field.sign = field.sign == '+' ? '+' : format[0];
      }
      format.remove_prefix(1);
    }
    field.width = number_or_star(format, field);
    if (format.starts_with('.')) {
      format.remove_prefix(1);
      field.precision = number_or_star(format, field);
    }
    while (!format.empty() && std::strchr("hlL", format[0])) format.remove_prefix(1);
    if (format.empty()) raise("incomplete format");
    const char type = format[0];
    format.remove_prefix(1);
    if (type == '%') return "%";
    if (!value) value = next();
    if (zero && !field.align && std::strchr("diuoxXeEfFgG", type)) {
      field.fill = "0";
      field.align = '=';
    }
    return convert(*value, field, type);
  }

  std::optional<Value> mapping_value(std::string_view& format) {
    if (!format.starts_with('(')) return std::nullopt;
    const auto end = format.find(')');
    if (end == format.npos) raise("incomplete format key");
    if (!arguments_.is_dict()) raise("format requires a mapping");
    const auto name = format.substr(1, end - 1);
    const auto* found = arguments_.as_dict().find(name);
    if (!found) raise("KeyError: '" + std::string(name) + "'");
    format.remove_prefix(end + 1);
    used_mapping_ = true;
    return *found;
  }

  std::int64_t number_or_star(std::string_view& format, Field& field) {
    if (!format.starts_with('*')) return read_digits(format);
    format.remove_prefix(1);
    const auto value = next();
    if (!value.is_integral()) raise("* wants int");
    if (value.as_int() >= 0) return value.as_int();
    field.align = '<';
    return value.as_int() == INT64_MIN ? 0 : -value.as_int();
  }

  const Value& next() {
    if (next_ >= positional_.size()) raise("not enough arguments for format string");
    return positional_[next_++];
  }

  static std::string convert(const Value& value, Field field, char type) {
    switch (type) {
      case 's': return pad(truncated(to_text(value), field.precision), field, '>');
      case 'r':
      case 'a': return pad(truncated(repr(value), field.precision), field, '>');
      case 'c':
        if (value.is_string() && count_characters(value.as_string()) == 1)
          return pad(value.as_string(), field, '>');
        if (!value.is_integral()) raise("%c requires int or char");
        return pad(from_code_points(std::u32string(1, static_cast<char32_t>(value.as_int()))),
                   field, '>');
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': break;
      default: raise(std::string("unsupported format character '") + type + "'");
    }
    if (value.is_undefined()) value.raise_undefined();
    if (!value.is_number()) {
      raise(std::string("%") + type + " format: a number is required, not " +
            std::string(type_name(value)));
    }
    field.type = type == 'i' || type == 'u' ? 'd' : type;
    if (is_float_type(field.type) || !value.is(Kind::Float)) {
      return format_number(value, field);
    }
    if (field.type != 'd') raise("an integer is required, not float");
    const double whole = std::trunc(value.as_double());
    if (!(std::fabs(whole) < 9.2e18)) raise("cannot convert float to integer");
    return format_number(Value::integer(static_cast<std::int64_t>(whole)), field);
  }

  const Value& arguments_;
  Items positional_;
  std::size_t next_ = 0;
  bool used_mapping_ = false;
};

}  // namespace

std::string format_value(const Value& value, std::string_view spec) {
  if (spec.empty()) return to_text(value);
  const auto field = parse_spec(spec);
  if (value.is_string() || value.is_undefined()) {
    if (field.type && field.type != 's') {
      raise(std::string("Unknown format code '") + field.type + "' for object of type 'str'");
    }
    return pad(truncated(to_text(value), field.precision), field, '<');
  }
  if (!value.is_number()) {
    raise("unsupported format string passed to " + std::string(type_name(value)) + ".__format__");
  }
  if (field.type == 'c') {
    return pad(from_code_points(std::u32string(1, static_cast<char32_t>(value.as_int()))), field,
               '<');
  }
  const bool known = field.type == 0 || is_float_type(field.type) || field.type == 'n' ||
                     (value.is_integral() && std::strchr("bdoxX", field.type));
  if (!known) {
    raise(std::string("Unknown format code '") + field.type + "' for object of type '" +
          std::string(type_name(value)) + "'");
  }
  if (value.is_integral() && field.precision >= 0 && !is_float_type(field.type)) {
    raise("Precision not allowed in integer format specifier");
  }
  return format_number(value, field);
}

std::string format_braces(Interpreter& interpreter, std::string_view format,
                          const Arguments& arguments) {
  std::int64_t next = 0;
  return expand(interpreter, format, arguments, next, 0);
}

Value format_percent(const Value& format, const Value& arguments) {
  return Value::string(PercentFormat(arguments).expand(format.as_string()), format.is_markup());
}

}  // namespace inference::jinja
