// The texts and codes of JSON validation errors, exactly as the real API words them, and the scalar
// readers that use them. Source: research notes on the API's behaviour, the error catalogue; OpenAI
// API reference, error codes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace json::errors {

// `Invalid type for 'p': expected a string, but got an integer instead.` (invalid_type)
std::unexpected<Error> type(const Path& path, std::string_view expected, const Value& got);
// `Missing required parameter: 'p'.` (missing_required_parameter)
std::unexpected<Error> missing(const Path& path);
// `Invalid value: 'v'. Supported values are: 'a', 'b', and 'c'.` (invalid_value)
std::unexpected<Error> value(const Path& path, std::string_view got,
                             std::span<const std::string_view> supported);
// `Unknown parameter: 'p'.` with `Did you mean 'q'?` where a name of `known` that the object lacks
// is close (unknown_parameter)
Status refuse_unknown(const Path& path, const Object& object,
                      const std::vector<std::string_view>& known);

// `array too long` (array_above_max_length), `empty array` (empty_array), `array too short`
// (array_below_min_length)
Status check_array_length(const Path& path, std::size_t length, const Constraints& constraints);
// `string too long` (string_above_max_length), `empty string` (empty_string), `string too short`;
// counts characters
Status check_string_length(const Path& path, std::string_view text, const Constraints& constraints);
// `too many properties` (object_above_max_properties)
Status check_object_size(const Path& path, std::size_t size, const Constraints& constraints);

Status read_bool(bool& out, const Value& value, const Path& path, const Constraints& constraints);
Status read_integer(std::int64_t& out, const Value& value, const Path& path,
                    const Constraints& constraints);
Status read_number(double& out, const Value& value, const Path& path,
                   const Constraints& constraints);
Status read_string(std::string& out, const Value& value, const Path& path,
                   const Constraints& constraints);

// 'a' | 'a' and 'b' | 'a', 'b', and 'c'; `last_word` is "and" or "or".
std::string quoted_list(std::span<const std::string_view> values, std::string_view last_word);
// How the API names the type of what it got: "a string", "an integer", "a decimal number",
// "null"...
std::string_view noun(const Value& value);

// The constraints narrowed to what a T can hold.
template <class T>
Constraints within(Constraints constraints) {
  constraints.min = std::max(constraints.min, static_cast<double>(std::numeric_limits<T>::min()));
  constraints.max = std::min(constraints.max, static_cast<double>(std::numeric_limits<T>::max()));
  return constraints;
}

}  // namespace json::errors
