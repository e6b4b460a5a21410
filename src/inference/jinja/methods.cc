// Methods of lists, tuples, dicts and ranges, and binding of all methods.
#include "inference/jinja/methods.h"

#include <algorithm>
#include <array>

#include "inference/jinja/filters.h"
#include "inference/jinja/interpreter.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

class BoundMethod final : public Callable {
 public:
  BoundMethod(const Value& object, const Method& method)
      : Callable(object.depth() + 1), object_(object), method_(method) {}

  Value call(Interpreter& interpreter, const Arguments& arguments) override {
    if (!method_.function) {
      raise("access to attribute '" + std::string(method_.name) + "' of '" +
            std::string(type_name(object_)) + "' object is unsafe.");
    }
    if (object_.is_string()) Charge::work(object_.as_string().size());
    return method_.function(interpreter, object_, arguments);
  }
  std::string describe() const override {
    return "<built-in method " + std::string(method_.name) + ">";
  }

 private:
  Value object_;
  const Method& method_;
};

// --- lists and tuples ---

Value list_copy(Interpreter&, const Value& object, const Arguments&) {
  return Value::list(object.as_sequence().items);
}

Value list_count(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "count", {"value"}, 1);
  const auto& items = object.as_sequence().items;
  return Value::integer(std::count_if(items.begin(), items.end(),
                                      [&](const Value& item) { return equal(item, bound[0]); }));
}

Value list_index(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "index", {"value", "start", "stop"}, 1);
  const auto& items = object.as_sequence().items;
  const auto range = slice_range(static_cast<std::int64_t>(items.size()), bound.integer(1, 0),
                                 bound.integer(2, static_cast<std::int64_t>(items.size())), 1);
  for (std::int64_t i = range.start; i < range.start + range.count; ++i) {
    if (equal(items[static_cast<std::size_t>(i)], bound[0])) return Value::integer(i);
  }
  raise(repr(bound[0]) + " is not in list");
}

// --- dicts ---

Value dict_get(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "get", {"key", "default"}, 1);
  if (bound[0].is(Kind::List) || bound[0].is_dict()) {
    raise("unhashable type: '" + std::string(type_name(bound[0])) + "'");
  }
  if (const auto* found = object.as_dict().find(bound[0])) return *found;
  return bound.has(1) ? bound[1] : Value::none();
}

Value dict_items(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "items", {});
  Items pairs;
  pairs.reserve(object.as_dict().entries.size());
  for (const auto& [key, member] : object.as_dict().entries) {
    pairs.push_back(Value::tuple({key, member}));
  }
  return Value::view(std::move(pairs), "dict_items");
}

Value dict_keys(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "keys", {});
  Items keys;
  for (const auto& [key, member] : object.as_dict().entries) keys.push_back(key);
  return Value::view(std::move(keys), "dict_keys");
}

Value dict_values(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "values", {});
  Items values;
  for (const auto& [key, member] : object.as_dict().entries) values.push_back(member);
  return Value::view(std::move(values), "dict_values");
}

Value dict_copy(Interpreter&, const Value& object, const Arguments&) {
  return object;  // nothing can change either
}

Value dict_from_keys(Interpreter&, const Value&, const Arguments& arguments) {
  const Bound bound(arguments, "fromkeys", {"iterable", "value"}, 1);
  const Iteration iteration(bound[0]);
  Entries entries;
  for (const auto& key : iteration.items()) {
    entries.emplace_back(key, bound.has(1) ? bound[1] : Value::none());
  }
  return Value::dict(std::move(entries));
}

constexpr std::array list_methods = {
    Method{"copy", list_copy},  Method{"count", list_count}, Method{"index", list_index},
    Method{"append", nullptr},  Method{"clear", nullptr},    Method{"extend", nullptr},
    Method{"insert", nullptr},  Method{"pop", nullptr},      Method{"remove", nullptr},
    Method{"reverse", nullptr}, Method{"sort", nullptr},
};
constexpr std::array tuple_methods = {
    Method{"count", list_count},
    Method{"index", list_index},
};
constexpr std::array dict_methods = {
    Method{"get", dict_get},       Method{"items", dict_items}, Method{"keys", dict_keys},
    Method{"values", dict_values}, Method{"copy", dict_copy},   Method{"fromkeys", dict_from_keys},
    Method{"clear", nullptr},      Method{"pop", nullptr},      Method{"popitem", nullptr},
    Method{"setdefault", nullptr}, Method{"update", nullptr},
};

std::optional<Value> bind_method(std::span<const Method> methods, const Value& object,
                                 std::string_view name) {
  for (const auto& method : methods) {
    if (method.name == name) {
      return Value::callable(std::make_shared<BoundMethod>(object, method));
    }
  }
  return std::nullopt;
}

std::optional<Value> attribute_of_tuple(const Value& tuple, std::string_view name) {
  const auto& sequence = tuple.as_sequence();
  if (sequence.name && name == "grouper") return sequence.items[0];
  if (sequence.name && name == "list") return sequence.items[1];
  return bind_method(tuple_methods, tuple, name);
}

std::optional<Value> attribute_of_range(const Range& range, std::string_view name) {
  if (name == "start") return Value::integer(range.start);
  if (name == "stop") return Value::integer(range.stop);
  if (name == "step") return Value::integer(range.step);
  return std::nullopt;
}

}  // namespace

std::optional<Value> find_method(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::String:
      if (auto method = bind_method(string_methods(), object, name)) return method;
      return bind_method(string_test_methods(), object, name);
    case Kind::List: return bind_method(list_methods, object, name);
    case Kind::Tuple: return attribute_of_tuple(object, name);
    case Kind::Dict: return bind_method(dict_methods, object, name);
    case Kind::Range: return attribute_of_range(object.as_range(), name);
    default: return std::nullopt;
  }
}

}  // namespace inference::jinja
