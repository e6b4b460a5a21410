// Python's json.dumps with ensure_ascii=False or True, as Hugging Face's `tojson` calls it.
#pragma once

#include <optional>
#include <string>

#include "inference/jinja/value.h"

namespace inference::jinja {

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent = {};  // of one level; absent: everything on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

// Raises for what JSON cannot say: undefined, iterators, functions.
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace inference::jinja
