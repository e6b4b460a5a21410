#include "base/json/value.h"

#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include <algorithm>
#include <cmath>

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

void print_pretty(const Value& value, int indent, std::string& out) {
  const auto newline = [&](int levels) {
    out += '\n' + std::string(static_cast<std::size_t>(levels) * 2, ' ');
  };
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : *object) {
      if (!first) out += ',';
      first = false;
      newline(indent + 1);
      out += quote(key) + ": ";
      print_pretty(member, indent + 1, out);
    }
    newline(indent);
    out += '}';
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& element : *array) {
      if (!first) out += ',';
      first = false;
      newline(indent + 1);
      print_pretty(element, indent + 1, out);
    }
    newline(indent);
    out += ']';
  } else {
    out += dump(value);
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
  if (const auto* number = value.if_double()) {
    if (!std::isfinite(*number)) return "null";
  }
  return boost::json::serialize(value);
}

std::string dump_pretty(const Value& value) {
  std::string out;
  print_pretty(value, 0, out);
  return out;
}

std::string quote(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text));
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
