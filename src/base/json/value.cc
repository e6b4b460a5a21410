#include "base/json/value.h"

#include <boost/json/stream_parser.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/limits/json.h"

namespace json {
namespace {

std::string position(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto last_newline = before.rfind('\n');
  const auto column =
      last_newline == before.npos ? before.size() + 1 : before.size() - last_newline;
  return fmt::format("line {}, column {} (byte {})", line, column, offset);
}

void print_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    }
  }
  out.append(text, copied);
  out += '"';
}

// The shortest digits that read back as the same number; always seen to be no integer, as 1.0.
void print_double(double number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view text(digits.data(), end);
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

void print_scalar(const Value& value, std::string& out) {
  if (const auto* text = value.if_string()) {
    print_string(*text, out);
  } else if (const auto* integer = value.if_int64()) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const auto* natural = value.if_uint64()) {
    fmt::format_to(std::back_inserter(out), "{}", *natural);
  } else if (const auto* number = value.if_double()) {
    print_double(*number, out);
  } else if (const auto* truth = value.if_bool()) {
    out += *truth ? "true" : "false";
  } else {
    out += "null";
  }
}

struct Layout {
  bool pretty = false;

  void newline(int level, std::string& out) const {
    if (!pretty) return;
    out += '\n';
    out.append(static_cast<std::size_t>(level) * 2, ' ');
  }
};

void print(const Value& value, Layout layout, int level, std::string& out) {
  const char* separator = "";
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    for (const auto& [key, member] : *object) {
      out += std::exchange(separator, ",");
      layout.newline(level + 1, out);
      print_string(key, out);
      out += layout.pretty ? ": " : ":";
      print(member, layout, level + 1, out);
    }
    layout.newline(level, out);
    out += '}';
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    for (const auto& element : *array) {
      out += std::exchange(separator, ",");
      layout.newline(level + 1, out);
      print(element, layout, level + 1, out);
    }
    layout.newline(level, out);
    out += ']';
  } else if (object) {
    out += "{}";
  } else if (array) {
    out += "[]";
  } else {
    print_scalar(value, out);
  }
}

}  // namespace

Result<Value> parse(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = limits::json_depth_max;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code error;
  const std::size_t consumed = parser.write_some(text, error);
  if (!error && consumed < text.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) {
    const bool too_deep = error == boost::json::error::too_deep;
    const std::string what = too_deep
                                 ? fmt::format("more than {} levels deep", limits::json_depth_max)
                                 : error.message();
    return fail(ErrorCode::InvalidRequest,
                fmt::format("We could not parse the JSON body of your request. (HINT: This likely "
                            "means you aren't using "
                            "your HTTP library correctly. The OpenAI API expects a JSON payload, "
                            "but what was sent was not "
                            "valid JSON.) At {}: {}.",
                            position(text, consumed), what));
  }
  return parser.release();
}

std::string dump(const Value& value) {
  std::string out;
  print(value, {}, 0, out);
  return out;
}

std::string dump_pretty(const Value& value) {
  std::string out;
  print(value, {.pretty = true}, 0, out);
  return out;
}

std::string quote(std::string_view text) {
  std::string out;
  print_string(text, out);
  return out;
}

const Value* find(const Value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object ? find(*object, key) : nullptr;
}

const Value* find(const Object& object, std::string_view key) {
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &it->value();
}

std::string_view string_or(const Object& object, std::string_view key, std::string_view otherwise) {
  const Value* found = find(object, key);
  return found && found->is_string() ? std::string_view(found->get_string()) : otherwise;
}

}  // namespace json
