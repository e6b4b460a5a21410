// Numbers and strings between text and value: repr, str, int() and float().
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/limits/chat_template.h"
#include "inference/jinja/callable.h"
#include "inference/jinja/python_text.h"
#include "inference/jinja/value.h"

namespace inference::jinja {
namespace {

void append_repr(std::string& out, const Value& value, std::size_t depth);

void append_items(std::string& out, const Items& items, std::size_t depth) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i) out += ", ";
    append_repr(out, items[i], depth + 1);
  }
}

void append_dict(std::string& out, const Dict& dict, std::size_t depth) {
  out += '{';
  for (std::size_t i = 0; i < dict.entries.size(); ++i) {
    if (i) out += ", ";
    append_repr(out, dict.entries[i].first, depth + 1);
    out += ": ";
    append_repr(out, dict.entries[i].second, depth + 1);
  }
  out += '}';
}

void append_range(std::string& out, const Range& range) {
  out += "range(" + std::to_string(range.start) + ", " + std::to_string(range.stop);
  if (range.step != 1) out += ", " + std::to_string(range.step);
  out += ')';
}

void append_repr(std::string& out, const Value& value, std::size_t depth) {
  // Lists cannot nest deeper than this, but a namespace can contain itself.
  if (depth > limits::template_value_depth_max || out.size() > limits::template_output_bytes_max) {
    throw Failure{ErrorCode::ResourceExhausted, "the template prints a value that is too large"};
  }
  switch (value.kind()) {
    case Kind::Undefined: out += "Undefined"; break;
    case Kind::None: out += "None"; break;
    case Kind::Bool: out += value.as_bool() ? "True" : "False"; break;
    case Kind::Int: out += std::to_string(value.as_int()); break;
    case Kind::Float: out += repr_float(value.as_double()); break;
    case Kind::String:
      if (value.is_markup()) {
        out += "Markup(" + repr_string(value.as_string()) + ")";
      } else {
        out += repr_string(value.as_string());
      }
      break;
    case Kind::List:
      out += '[';
      append_items(out, value.as_sequence().items, depth);
      out += ']';
      break;
    case Kind::Tuple:
      out += '(';
      append_items(out, value.as_sequence().items, depth);
      if (value.as_sequence().items.size() == 1) out += ',';
      out += ')';
      break;
    case Kind::View:
      out += std::string(value.as_sequence().name) + "([";
      append_items(out, value.as_sequence().items, depth);
      out += "])";
      break;
    case Kind::Dict: append_dict(out, value.as_dict(), depth); break;
    case Kind::Range: append_range(out, value.as_range()); break;
    case Kind::Namespace:
      out += "<Namespace ";
      append_dict(out, value.as_dict(), depth);
      out += '>';
      break;
    case Kind::Iterator: out += "<generator object>"; break;
    case Kind::Callable: out += value.as_callable().describe(); break;
  }
}

// Digits with single underscores between them removed; nullopt where Python refuses them.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto is_digit_at = [&](std::size_t at) {
      return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at]));
    };
    if (i == 0 || !is_digit_at(i - 1) || !is_digit_at(i + 1)) return std::nullopt;
  }
  return out;
}

}  // namespace

std::string to_text(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_undefined()) return {};
  return repr(value);
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value, 0);
  return out;
}

std::string repr_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  // [-]d[.ddd]e±dd -> digits and the decimal exponent of the first one
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::string out;
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const auto e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (digits.size() > 1) out += "." + digits.substr(1);
    std::snprintf(buffer, sizeof buffer, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return out + buffer;
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string repr_string(std::string_view text) {
  const bool has_single = text.find('\'') != text.npos;
  const char quote = has_single && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  char buffer[16];
  for (const auto character : characters(text)) {
    const auto c = to_code_points(character)[0];
    if (c == '\\' || c == static_cast<char32_t>(quote)) {
      out += '\\';
      out += character;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += character;
    } else {
      const char* format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
      std::snprintf(buffer, sizeof buffer, format, static_cast<unsigned>(c));
      out += buffer;
    }
  }
  return out + quote;
}

std::optional<std::int64_t> parse_int(std::string_view text, int base) {
  const auto digits = without_underscores(strip(text, Side::Both));
  if (!digits || digits->empty()) return std::nullopt;
  std::string_view rest = *digits;
  bool negative = false;
  if (rest[0] == '+' || rest[0] == '-') {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest.size() > 2 && rest[0] == '0') {
    const char letter = static_cast<char>(std::tolower(static_cast<unsigned char>(rest[1])));
    const int prefixed = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (prefixed && (base == prefixed || base == 0)) {
      rest.remove_prefix(2);
      base = prefixed;
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36 || rest.empty() || rest[0] == '-') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<double> parse_float(std::string_view text) {
  const auto digits = without_underscores(strip(text, Side::Both));
  if (!digits || digits->empty()) return std::nullopt;
  std::string word = lower(*digits);
  bool negative = false;
  if (word[0] == '+' || word[0] == '-') {
    negative = word[0] == '-';
    word.erase(0, 1);
  }
  double value = 0;
  if (word == "inf" || word == "infinity") {
    value = HUGE_VAL;
  } else if (word == "nan") {
    value = std::nan("");
  } else {
    if (word.empty() || !(std::isdigit(static_cast<unsigned char>(word[0])) || word[0] == '.'))
      return std::nullopt;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (end != word.data() + word.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) value = std::strtod(word.c_str(), nullptr);
  }
  return negative ? -value : value;
}

}  // namespace inference::jinja
