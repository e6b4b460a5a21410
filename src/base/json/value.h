// Free-form JSON: a parsed value, parsing with limits and positions, printing. Boost.JSON
// underneath.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

#include "base/error.h"

namespace json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

// Strict RFC 8259, UTF-8 only, at most limits::json_depth_max deep; a repeated key keeps its last
// value. Fails with InvalidRequest and a message that gives line and column.
Result<Value> parse(std::string_view text);

// Compact, without spaces. Finite numbers only (a NaN or infinity becomes null, which JSON cannot
// say otherwise).
std::string dump(const Value& value);
std::string dump_pretty(const Value& value);
// `text` as a JSON string literal with its quotes.
std::string quote(std::string_view text);

// The value as an object member, or nullptr when it is absent or `value` is no object.
const Value* find(const Value& value, std::string_view key);
const Value* find(const Object& object, std::string_view key);
// The string member, or `otherwise` when absent or not a string.
std::string_view string_or(const Object& object, std::string_view key,
                           std::string_view otherwise = {});

}  // namespace json
