// map, select, reject and their kin: filters that apply something to each item.
#include <array>

#include "inference/jinja/filters_shared.h"

namespace inference::jinja {
namespace {

// What is left of the arguments after the first `count` positional ones.
Arguments without_first(const Arguments& arguments, std::size_t count) {
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(count),
                         arguments.positional.end());
  rest.named = arguments.named;
  return rest;
}

std::string name_argument(const Value& value) {
  if (!value.is_string()) raise("the name of a filter or test must be a string");
  return value.as_string();
}

Value map_attribute(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  std::optional<Value> otherwise;
  for (const auto& [name, argument] : arguments.named) {
    if (name == "default") {
      if (!argument.is_none()) otherwise = argument;
    } else if (name != "attribute") {
      raise("Unexpected keyword argument '" + name + "'");
    }
  }
  const AttributePath path(*arguments.find("attribute"), std::move(otherwise));
  const Iteration iteration(value);
  Items out;
  out.reserve(iteration.items().size());
  for (const auto& item : iteration.items()) out.push_back(path.of(interpreter, item));
  return Value::iterator(std::move(out));
}

Value map(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  if (!truthy(value)) return Value::iterator({});
  if (arguments.positional.empty()) {
    if (arguments.find("attribute")) return map_attribute(interpreter, value, arguments);
    raise("map requires a filter argument");
  }
  const auto name = name_argument(arguments.positional[0]);
  const auto filter = find_filter(name);
  if (!filter) raise("No filter named '" + name + "'.");
  const auto rest = without_first(arguments, 1);
  const Iteration iteration(value);
  Items out;
  out.reserve(iteration.items().size());
  for (const auto& item : iteration.items()) {
    interpreter.step();
    out.push_back(filter(interpreter, item, rest));
  }
  return Value::iterator(std::move(out));
}

template <bool selects, bool by_attribute>
Value select(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  if (!truthy(value)) return Value::iterator({});
  constexpr std::size_t off = by_attribute ? 1 : 0;
  if (arguments.positional.size() < off) raise("Missing parameter for attribute name");
  const AttributePath path(by_attribute ? arguments.positional[0] : Value::none());
  FilterFunction test = nullptr;
  Arguments rest;
  if (arguments.positional.size() > off) {
    const auto name = name_argument(arguments.positional[off]);
    test = find_test(name);
    if (!test) raise("No test named '" + name + "'.");
    rest = without_first(arguments, off + 1);
  }
  const Iteration iteration(value);
  Items out;
  for (const auto& item : iteration.items()) {
    interpreter.step();
    const auto tested = path.of(interpreter, item);
    const bool passes = truthy(test ? test(interpreter, tested, rest) : tested);
    if (passes == selects) out.push_back(item);
  }
  return Value::iterator(std::move(out));
}

Value groupby(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "groupby", {"attribute", "default", "case_sensitive"}, 1);
  std::optional<Value> otherwise;
  if (bound.has_not_none(1)) otherwise = bound[1];
  const AttributePath path(bound[0], std::move(otherwise));
  const bool case_sensitive = bound.boolean(2, false);
  std::vector<std::pair<Value, Value>> keyed;
  const Iteration iteration(value);
  for (const auto& item : iteration.items()) {
    auto key = path.of(interpreter, item);
    keyed.emplace_back(case_sensitive ? std::move(key) : ignoring_case(std::move(key)), item);
  }
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    interpreter.step();
    return less(a.first, b.first, "<");
  });
  Items groups;
  for (std::size_t i = 0; i < keyed.size();) {
    Items members;
    const std::size_t start = i;
    for (; i < keyed.size() && equal(keyed[i].first, keyed[start].first); ++i) {
      members.push_back(keyed[i].second);
    }
    const Value grouper = path.of(interpreter, members[0]);
    groups.push_back(Value::group(grouper, Value::list(std::move(members))));
  }
  return Value::list(std::move(groups));
}

constexpr std::array selection_entries = {
    FilterEntry{"groupby", groupby},
    FilterEntry{"map", map},
    FilterEntry{"reject", select<false, false>},
    FilterEntry{"rejectattr", select<false, true>},
    FilterEntry{"select", select<true, false>},
    FilterEntry{"selectattr", select<true, true>},
};

}  // namespace

std::span<const FilterEntry> selection_filters() {
  return selection_entries;
}

}  // namespace inference::jinja
