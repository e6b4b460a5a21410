#include "base/json/errors.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/encoding.h"

namespace json {

std::string Path::str() const {
  std::string out = parent ? parent->str() : "";
  if (is_index) return out + "[" + std::to_string(index) + "]";
  if (!out.empty() && !key.empty()) out += '.';
  return out + std::string(key);
}

namespace errors {
namespace {

std::unexpected<Error> invalid(const Path& path, std::string message, std::string_view reason) {
  return fail(ErrorCode::InvalidRequest, std::move(message), path.str(), std::string(reason));
}

// A number as the API prints it: integers without a point.
std::string number_text(double v) {
  if (v == std::floor(v) && std::fabs(v) < 1e15)
    return fmt::format("{}", static_cast<std::int64_t>(v));
  return fmt::format("{}", v);
}

Status check_range(double v, const Path& path, const Constraints& c, std::string_view kind) {
  if (v < c.min) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': {} below minimum value. Expected a value >= {}, but got {} instead.",
            path.str(), kind, number_text(c.min), number_text(v)),
        fmt::format("{}_below_min_value", kind));
  }
  if (v > c.max) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': {} above maximum value. Expected a value <= {}, but got {} instead.",
            path.str(), kind, number_text(c.max), number_text(v)),
        fmt::format("{}_above_max_value", kind));
  }
  return {};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

// " Did you mean 'store' or 'stream'?": names within two edits that the object does not already
// have.
std::string suggestion(std::string_view unknown, const Object& object,
                       const std::vector<std::string_view>& known) {
  std::vector<std::pair<std::size_t, std::string_view>> close;
  if (unknown.size() <= 64) {
    for (const auto name : known) {
      const std::size_t distance = edit_distance(unknown, name);
      if (distance <= 2 && !object.contains(name)) close.emplace_back(distance, name);
    }
  }
  if (close.empty()) return "";
  std::sort(close.begin(), close.end());
  std::vector<std::string_view> names;
  for (const auto& [distance, name] : close) names.push_back(name);
  return fmt::format(" Did you mean {}?", quoted_list(names, "or"));
}

}  // namespace

std::string_view noun(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64: return "an integer";
    case boost::json::kind::double_: return "a decimal number";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
  }
  return "null";
}

std::string quoted_list(std::span<const std::string_view> values, std::string_view last_word) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && values.size() > 2) out += ", ";
    if (i > 0 && values.size() == 2) out += ' ';
    if (i > 0 && i + 1 == values.size()) out += std::string(last_word) + " ";
    out += fmt::format("'{}'", values[i]);
  }
  return out;
}

std::unexpected<Error> type(const Path& path, std::string_view expected, const Value& got) {
  const std::string at = path.str();
  if (at.empty()) {
    return invalid(path,
                   fmt::format("Invalid type for request body: expected {}, but got {} instead.",
                               expected, noun(got)),
                   "invalid_type");
  }
  return invalid(path,
                 fmt::format("Invalid type for '{}': expected {}, but got {} instead.", at,
                             expected, noun(got)),
                 "invalid_type");
}

std::unexpected<Error> missing(const Path& path) {
  return invalid(path, fmt::format("Missing required parameter: '{}'.", path.str()),
                 "missing_required_parameter");
}

std::unexpected<Error> value(const Path& path, std::string_view got,
                             std::span<const std::string_view> supported) {
  return invalid(path,
                 fmt::format("Invalid value: '{}'. Supported values are: {}.", got,
                             quoted_list(supported, "and")),
                 "invalid_value");
}

Status refuse_unknown(const Path& path, const Object& object,
                      const std::vector<std::string_view>& known) {
  for (const auto& [key, member] : object) {
    if (std::find(known.begin(), known.end(), std::string_view(key)) != known.end()) continue;
    const Path at = path.member(key);
    return invalid(
        at, fmt::format("Unknown parameter: '{}'.{}", at.str(), suggestion(key, object, known)),
        "unknown_parameter");
  }
  return {};
}

Status check_array_length(const Path& path, std::size_t length, const Constraints& c) {
  if (length > c.length_max) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': array too long. Expected an array with maximum length {}, but got an "
            "array with length {} instead.",
            path.str(), c.length_max, length),
        "array_above_max_length");
  }
  if (length < c.length_min && length == 0) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': empty array. Expected an array with minimum length {}, but got an "
            "empty array instead.",
            path.str(), c.length_min),
        "empty_array");
  }
  if (length < c.length_min) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': array too short. Expected an array with minimum length {}, but got an "
            "array with length {} instead.",
            path.str(), c.length_min, length),
        "array_below_min_length");
  }
  return {};
}

Status check_string_length(const Path& path, std::string_view text, const Constraints& c) {
  if (c.length_min == 0 && text.size() <= c.length_max) return {};
  const std::size_t length = base::utf8_length(text);
  if (length > c.length_max) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': string too long. Expected a string with maximum length {}, but got a "
            "string with length {} instead.",
            path.str(), c.length_max, length),
        "string_above_max_length");
  }
  if (length < c.length_min && length == 0) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': empty string. Expected a string with minimum length {}, but got an "
            "empty string instead.",
            path.str(), c.length_min),
        "empty_string");
  }
  if (length < c.length_min) {
    return invalid(
        path,
        fmt::format(
            "Invalid '{}': string too short. Expected a string with minimum length {}, but got a "
            "string with length {} instead.",
            path.str(), c.length_min, length),
        "string_below_min_length");
  }
  return {};
}

Status check_object_size(const Path& path, std::size_t size, const Constraints& c) {
  if (size <= c.length_max) return {};
  return invalid(
      path,
      fmt::format(
          "Invalid '{}': too many properties. Expected an object with at most {} properties, but "
          "got an object with {} properties instead.",
          path.str(), c.length_max, size),
      "object_above_max_properties");
}

Status read_bool(bool& out, const Value& value, const Path& path, const Constraints& c) {
  const auto* found = value.if_bool();
  if (!found) return type(path, c.noun ? c.noun : "a boolean", value);
  out = *found;
  return {};
}

Status read_integer(std::int64_t& out, const Value& value, const Path& path, const Constraints& c) {
  if (const auto* exact = value.if_int64()) {
    if (auto status = check_range(static_cast<double>(*exact), path, c, "integer"); !status)
      return status;
    out = *exact;
    return {};
  }
  if (const auto* large = value.if_uint64()) {  // above the largest int64
    Constraints bounded = c;
    bounded.max = std::min(c.max, 9223372036854775807.0);
    if (auto status = check_range(static_cast<double>(*large) * 2, path, bounded, "integer");
        !status)
      return status;
  }
  // Clients whose language has one number type send 5.0 for 5.
  if (const auto* real = value.if_double();
      real && *real == std::floor(*real) && std::fabs(*real) < 9e15) {
    if (auto status = check_range(*real, path, c, "integer"); !status) return status;
    out = static_cast<std::int64_t>(*real);
    return {};
  }
  return type(path, c.noun ? c.noun : "an integer", value);
}

Status read_number(double& out, const Value& value, const Path& path, const Constraints& c) {
  if (value.is_double())
    out = value.get_double();
  else if (value.is_int64())
    out = static_cast<double>(value.get_int64());
  else if (value.is_uint64())
    out = static_cast<double>(value.get_uint64());
  else
    return type(path, c.noun ? c.noun : "a decimal", value);
  return check_range(out, path, c, "decimal");
}

Status read_string(std::string& out, const Value& value, const Path& path, const Constraints& c) {
  const auto* text = value.if_string();
  if (!text) {
    if (c.noun || c.values.empty()) return type(path, c.noun ? c.noun : "a string", value);
    return type(path, "one of " + quoted_list(c.values, "or"), value);
  }
  const std::string_view got(*text);
  if (!c.values.empty() && std::find(c.values.begin(), c.values.end(), got) == c.values.end()) {
    return errors::value(path, got, c.values);
  }
  if (auto status = check_string_length(path, got, c); !status) return status;
  out = got;
  return {};
}

}  // namespace errors
}  // namespace json
