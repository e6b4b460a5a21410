#include "inference/jinja/filters.h"

#include "inference/jinja/filters_shared.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {

FilterFunction find_filter(std::string_view name) {
  for (const auto table :
       {text_filters(), sequence_filters(), selection_filters(), number_filters()}) {
    for (const auto& entry : table) {
      if (entry.name == name) return entry.function;
    }
  }
  return nullptr;
}

AttributePath::AttributePath(const Value& path, std::optional<Value> otherwise)
    : otherwise_(std::move(otherwise)) {
  if (path.is_none()) return;
  if (!path.is_string()) {
    keys_.push_back(path);
    return;
  }
  for (const auto& part : split(path.as_string(), ".", -1, false)) {
    const auto index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos
                           ? parse_int(part, 10)
                           : std::nullopt;
    keys_.push_back(index ? Value::integer(*index) : Value::string(part));
  }
}

Value AttributePath::of(Interpreter& interpreter, const Value& item) const {
  Value value = item;
  for (const auto& key : keys_) {
    interpreter.step();
    value = interpreter.subscript(value, key);
    if (value.is_undefined() && otherwise_) value = *otherwise_;
  }
  return value;
}

Value ignoring_case(Value value) {
  return value.is_string() ? Value::string(lower(value.as_string())) : value;
}

}  // namespace inference::jinja
