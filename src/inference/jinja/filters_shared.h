// What several filters need: attribute paths, and calling filters and tests by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inference/jinja/callable.h"
#include "inference/jinja/filters.h"
#include "inference/jinja/interpreter.h"
#include "inference/jinja/value.h"

namespace inference::jinja {

struct FilterEntry {
  std::string_view name;
  FilterFunction function;
};

// One table per file of filters.
std::span<const FilterEntry> text_filters();
std::span<const FilterEntry> sequence_filters();
std::span<const FilterEntry> selection_filters();
std::span<const FilterEntry> number_filters();

// "a.b.0": an item's member of a member of a member. None means the item itself.
class AttributePath {
 public:
  explicit AttributePath(const Value& path, std::optional<Value> otherwise = std::nullopt);
  Value of(Interpreter& interpreter, const Value& item) const;

 private:
  Items keys_;
  std::optional<Value> otherwise_;
};

// Strings in lower case, others as they are: how filters compare unless told to be case sensitive.
Value ignoring_case(Value value);

}  // namespace inference::jinja
