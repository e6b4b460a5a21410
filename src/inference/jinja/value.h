// The values a template computes with: Python's data model as far as chat templates can see it.
// Copying a Value shares what it points to. All but namespaces are immutable once made, so values
// can only be nested as deep as they were built, and cycles can only go through a namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json/value.h"

namespace inference::jinja {

// Thrown inside this folder only and caught in Template: an interpreter in which every node can
// fail would otherwise carry a Result through each of its functions, at twice the code and half the
// speed.
struct Failure {
  ErrorCode code = ErrorCode::InvalidRequest;
  std::string message;
};
[[noreturn]] void raise(std::string message);

enum class Kind : std::uint8_t {
  Undefined,
  None,
  Bool,
  Int,
  Float,
  String,
  List,
  Tuple,
  Dict,
  Range,
  View,      // dict.keys(), .values(), .items()
  Iterator,  // what map, select, reverse... give: can be read once, has no length
  Namespace,
  Callable,  // macros, methods, global functions, the `loop` object
};

// Counts the bytes that live values hold on this thread, and the bytes ever touched, so that a
// render can be stopped before it eats the machine. Values made on one thread and destroyed on
// another only shift the two counters; a render compares with its own start.
class Charge {
 public:
  explicit Charge(std::size_t bytes);
  ~Charge();
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  // Time spent on so many bytes that does not show as evaluated nodes.
  static void work(std::size_t bytes);

 private:
  std::int64_t bytes_;
};

// The limits of one render, in force on this thread while the object lives. Renders do not nest.
class MeteredRender {
 public:
  MeteredRender(std::size_t live_bytes_max, std::size_t work_bytes_max);
  ~MeteredRender();
  MeteredRender(const MeteredRender&) = delete;
  MeteredRender& operator=(const MeteredRender&) = delete;
};

// To be asked before a text of this size is made.
void check_size(std::int64_t bytes);

class Value;
struct Text;
struct Sequence;
struct Dict;
struct Range;
struct Callable;

using Items = std::vector<Value>;
using Entries = std::vector<std::pair<Value, Value>>;

class Value {
 public:
  Value() = default;  // undefined
  // An undefined that remembers what was looked for; `name` must outlive the value (it is a part of
  // the template).
  static Value undefined(const std::string* name, bool is_attribute);
  static Value none();
  static Value boolean(bool value);
  static Value integer(std::int64_t value);
  static Value number(double value);
  static Value string(std::string text, bool is_markup = false);
  static Value list(Items items);
  static Value tuple(Items items);
  static Value iterator(Items items);
  // `name` is how Python prints it: "dict_keys".
  static Value view(Items items, const char* name);
  // A pair whose parts are also called `grouper` and `list`, as groupby makes them.
  static Value group(Value grouper, Value list);
  // A later entry replaces an earlier one with an equal key, in the earlier one's place.
  static Value dict(Entries entries);
  static Value range(std::int64_t start, std::int64_t stop, std::int64_t step);
  static Value callable(std::shared_ptr<Callable> callable);
  static Value name_space(std::shared_ptr<Dict> members);
  static Value from_json(const json::Value& value);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::Undefined; }
  bool is_none() const { return kind_ == Kind::None; }
  bool is_string() const { return kind_ == Kind::String; }
  bool is_dict() const { return kind_ == Kind::Dict; }
  bool is_markup() const;
  // Bool, Int or Float: what Python calculates with.
  bool is_number() const {
    return kind_ == Kind::Bool || kind_ == Kind::Int || kind_ == Kind::Float;
  }
  bool is_integral() const { return kind_ == Kind::Bool || kind_ == Kind::Int; }

  // Each requires the kind it names.
  bool as_bool() const { return scalar_.boolean; }
  std::int64_t as_int() const {  // Bool or Int
    return kind_ == Kind::Bool ? static_cast<std::int64_t>(scalar_.boolean) : scalar_.integer;
  }
  double as_double() const {  // Bool, Int or Float
    return kind_ == Kind::Float ? scalar_.number : static_cast<double>(as_int());
  }
  const std::string& as_string() const;
  const Sequence& as_sequence() const;  // List, Tuple, View, Iterator
  const Dict& as_dict() const;          // Dict, Namespace
  Dict& as_namespace() const;
  const Range& as_range() const;
  Callable& as_callable() const;

  // Fails as Python does when an undefined value is used: "'name' is undefined".
  [[noreturn]] void raise_undefined() const;
  // How deep containers are nested in this one; 0 for scalars.
  std::size_t depth() const;
  // Two names of one object, as in `is sameas`.
  bool same_object(const Value& other) const;

 private:
  union Scalar {
    std::int64_t integer;
    bool boolean;
    double number;
    const std::string* name;  // of an undefined; may be null
  };

  Kind kind_ = Kind::Undefined;
  bool is_attribute_ = false;  // Undefined only: the name was looked up in an object
  Scalar scalar_{.integer = 0};
  std::shared_ptr<void> object_;  // shared by all copies of the value
};

struct Text {
  Text(std::string text, bool markup);
  std::string text;  // valid UTF-8
  bool is_markup;    // Jinja's Markup: text added to it is HTML-escaped
  Charge charge;
};

struct Sequence {
  Sequence(Items items, const char* name);
  Items items;
  const char* name;  // of a View; of a group's pair; else null
  std::size_t depth;
  mutable std::size_t position = 0;  // of an Iterator: what was read already
  Charge charge;
};

struct Dict {
  explicit Dict(Entries entries);
  // Null when absent. Keys compare as in Python: 1, 1.0 and True are one key.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(std::string_view key, Value value);  // namespaces only

  Entries entries;  // in order of insertion
  std::size_t depth;

 private:
  // Only of big dicts; points into `entries`.
  std::unordered_map<std::string_view, std::size_t> index_;
  Charge charge_;
};

struct Range {
  std::int64_t start;
  std::int64_t stop;
  std::int64_t step;  // never 0
  std::int64_t size() const;
};

// The values of any iterable, kept alive while they are looked at.
class Iteration {
 public:
  // Raises when `value` cannot be iterated. Reading an iterator uses it up.
  explicit Iteration(const Value& value);
  std::span<const Value> items() const { return items_; }

 private:
  Value keep_;
  Items owned_;
  std::span<const Value> items_;
};

// "str", "int", "list"...: for messages.
std::string_view type_name(const Value& value);
bool truthy(const Value& value);
// Python's ==.
bool equal(const Value& left, const Value& right);
// Python's < on two values; raises when they have no order. `symbol` is for the message.
bool less(const Value& left, const Value& right, std::string_view symbol);
// Python's `needle in haystack`.
bool contains(const Value& haystack, const Value& needle);
// Python's len(); nullopt when the value has none.
std::optional<std::int64_t> length(const Value& value);
// Python's str() and repr().
std::string to_text(const Value& value);
std::string repr(const Value& value);

}  // namespace inference::jinja
