// Things a template can call, and the arguments of a call.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference/jinja/value.h"

namespace inference::jinja {

class Interpreter;

struct Arguments {
  Items positional;
  std::vector<std::pair<std::string, Value>> named;

  const Value* find(std::string_view name) const;
};

// A macro, a method bound to its object, a global function, the `loop` object. Lives as long as a
// value refers to it, at most until the end of the render.
struct Callable {
  explicit Callable(std::size_t depth_in = 1) : depth(depth_in) {}
  virtual ~Callable() = default;
  virtual Value call(Interpreter& interpreter, const Arguments& arguments) = 0;
  // Null when there is no such attribute.
  virtual std::optional<Value> attribute(std::string_view) { return std::nullopt; }
  // Python's len() where the object has one.
  virtual std::optional<std::int64_t> size() const { return std::nullopt; }
  virtual std::string describe() const { return "<function>"; }

  const std::size_t depth;  // one more than that of the values it holds
};

// The arguments of a call sorted to the parameters of a built-in function. Raises, as Python does,
// for too many, unknown, doubled or missing ones.
class Bound {
 public:
  Bound(const Arguments& arguments, std::string_view function,
        std::initializer_list<std::string_view> parameters, std::size_t required = 0);

  bool has(std::size_t index) const { return values_[index].has_value(); }
  // Only where `has`.
  const Value& operator[](std::size_t index) const { return *values_[index]; }
  bool has_not_none(std::size_t index) const { return has(index) && !values_[index]->is_none(); }

  std::int64_t integer(std::size_t index, std::int64_t otherwise) const;
  bool boolean(std::size_t index, bool otherwise) const;
  // Raises when the argument is there and no string.
  std::string_view string(std::size_t index, std::string_view otherwise = {}) const;

 private:
  std::string function_;
  std::vector<std::optional<Value>> values_;
};

}  // namespace inference::jinja
