// Filters on sequences and mappings as a whole.
#include <algorithm>
#include <array>

#include "inference/jinja/filters_shared.h"
#include "inference/jinja/operators.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

Value count(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "len", {});
  if (const auto size = length(value)) return Value::integer(*size);
  raise("object of type '" + std::string(type_name(value)) + "' has no len()");
}

Value default_filter(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "default", {"default_value", "boolean"});
  const bool missing = value.is_undefined() || (bound.boolean(1, false) && !truthy(value));
  if (!missing) return value;
  return bound.has(0) ? bound[0] : Value::string("");
}

Value first(Interpreter&, const Value& value, const Arguments&) {
  const Iteration iteration(value);
  return iteration.items().empty() ? Value() : iteration.items().front();
}

Value last(Interpreter&, const Value& value, const Arguments&) {
  if (value.is(Kind::Iterator)) raise("'generator' object is not reversible");
  const Iteration iteration(value);
  return iteration.items().empty() ? Value() : iteration.items().back();
}

Items items_of(const Value& value) {
  const Iteration iteration(value);
  return {iteration.items().begin(), iteration.items().end()};
}

Value list(Interpreter&, const Value& value, const Arguments&) {
  return Value::list(items_of(value));
}

Value reverse(Interpreter&, const Value& value, const Arguments&) {
  if (value.is_string()) {
    auto parts = to_code_points(value.as_string());
    std::reverse(parts.begin(), parts.end());
    return Value::string(from_code_points(parts), value.is_markup());
  }
  auto items = items_of(value);
  std::reverse(items.begin(), items.end());
  return value.is(Kind::Iterator) || value.is_undefined() ? Value::list(std::move(items))
                                                          : Value::iterator(std::move(items));
}

Value items(Interpreter&, const Value& value, const Arguments&) {
  if (value.is_undefined()) return Value::iterator({});
  if (!value.is_dict()) raise("Can only get item pairs from a mapping.");
  Items pairs;
  for (const auto& [key, member] : value.as_dict().entries) {
    pairs.push_back(Value::tuple({key, member}));
  }
  return Value::iterator(std::move(pairs));
}

using Keyed = std::vector<std::pair<Value, Value>>;  // sort key, item

void sort_keyed(Interpreter& interpreter, Keyed& keyed, bool descending) {
  const auto before = [&](const auto& a, const auto& b) {
    interpreter.step();
    return descending ? less(b.first, a.first, "<") : less(a.first, b.first, "<");
  };
  std::stable_sort(keyed.begin(), keyed.end(), before);
}

Value dictsort(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "dictsort", {"case_sensitive", "by", "reverse"});
  const auto by = bound.string(1, "key");
  if (by != "key" && by != "value") raise("You can only sort by either \"key\" or \"value\"");
  if (value.is_undefined()) value.raise_undefined();
  if (!value.is_dict()) raise("dictsort takes a mapping");
  Keyed keyed;
  for (const auto& [key, member] : value.as_dict().entries) {
    Value sort_key = by == "key" ? key : member;
    if (!bound.boolean(0, false)) sort_key = ignoring_case(std::move(sort_key));
    keyed.emplace_back(std::move(sort_key), Value::tuple({key, member}));
  }
  sort_keyed(interpreter, keyed, bound.boolean(2, false));
  Items out;
  for (auto& [key, item] : keyed) out.push_back(std::move(item));
  return Value::list(std::move(out));
}

// "a,b" sorts by a, then by b.
Value sort_key(Interpreter& interpreter, const std::vector<AttributePath>& paths, const Value& item,
               bool case_sensitive) {
  Items keys;
  for (const auto& path : paths) {
    auto key = path.of(interpreter, item);
    keys.push_back(case_sensitive ? std::move(key) : ignoring_case(std::move(key)));
  }
  return Value::list(std::move(keys));
}

Value sort(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "sort", {"reverse", "case_sensitive", "attribute"});
  std::vector<AttributePath> paths;
  if (bound.has(2) && bound[2].is_string()) {
    for (const auto& path : split(bound[2].as_string(), ",", -1, false)) {
      paths.emplace_back(Value::string(path));
    }
  } else {
    paths.emplace_back(bound.has(2) ? bound[2] : Value::none());
  }
  Keyed keyed;
  const Iteration iteration(value);
  for (const auto& item : iteration.items()) {
    keyed.emplace_back(sort_key(interpreter, paths, item, bound.boolean(1, false)), item);
  }
  sort_keyed(interpreter, keyed, bound.boolean(0, false));
  Items out;
  for (auto& [key, item] : keyed) out.push_back(std::move(item));
  return Value::list(std::move(out));
}

Value unique(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "unique", {"case_sensitive", "attribute"});
  const AttributePath path(bound.has(1) ? bound[1] : Value::none());
  Items seen;
  Items out;
  const Iteration iteration(value);
  for (const auto& item : iteration.items()) {
    auto key = path.of(interpreter, item);
    if (!bound.boolean(0, false)) key = ignoring_case(std::move(key));
    if (key.is(Kind::List) || key.is_dict()) {
      raise("unhashable type: '" + std::string(type_name(key)) + "'");
    }
    const bool is_new = std::none_of(seen.begin(), seen.end(), [&](const Value& other) {
      interpreter.step();
      return equal(other, key);
    });
    if (!is_new) continue;
    seen.push_back(std::move(key));
    out.push_back(item);
  }
  return Value::iterator(std::move(out));
}

template <bool is_max>
Value extreme(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, is_max ? "max" : "min", {"case_sensitive", "attribute"});
  const AttributePath path(bound.has(1) ? bound[1] : Value::none());
  const Iteration iteration(value);
  Value best;
  std::optional<Value> best_key;
  for (const auto& item : iteration.items()) {
    interpreter.step();
    auto key = path.of(interpreter, item);
    if (!bound.boolean(0, false)) key = ignoring_case(std::move(key));
    const bool is_better =
        !best_key || (is_max ? less(*best_key, key, ">") : less(key, *best_key, "<"));
    if (!is_better) continue;
    best = item;
    best_key = std::move(key);
  }
  return best;
}

Value sum(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "sum", {"attribute", "start"});
  const AttributePath path(bound.has(0) ? bound[0] : Value::none());
  Value total = bound.has(1) ? bound[1] : Value::integer(0);
  if (total.is_string()) raise("sum() can't sum strings [use ''.join(seq) instead]");
  const Iteration iteration(value);
  for (const auto& item : iteration.items()) {
    interpreter.step();
    total = calculate(BinaryOperator::Add, total, path.of(interpreter, item));
  }
  return total;
}

Value batch(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "batch", {"linecount", "fill_with"}, 1);
  const auto size = bound.integer(0, 1);
  Items batches;
  Items current;
  const Iteration iteration(value);
  for (const auto& item : iteration.items()) {
    interpreter.step();
    if (static_cast<std::int64_t>(current.size()) == size) {
      batches.push_back(Value::list(std::exchange(current, {})));
    }
    current.push_back(item);
  }
  if (!current.empty()) {
    if (bound.has_not_none(1)) {
      check_size(size);
      while (static_cast<std::int64_t>(current.size()) < size) {
        interpreter.step();
        current.push_back(bound[1]);
      }
    }
    batches.push_back(Value::list(std::move(current)));
  }
  return Value::iterator(std::move(batches));
}

Value slice_filter(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "slice", {"slices", "fill_with"}, 1);
  const auto all = items_of(value);
  const auto slices = bound.integer(0, 1);
  if (slices == 0) raise("integer division or modulo by zero");
  const auto size = static_cast<std::int64_t>(all.size());
  const auto per_slice = size / slices;
  const auto with_extra = size % slices;
  Items out;
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < slices; ++i) {
    interpreter.step();
    const auto end = at + per_slice + (i < with_extra ? 1 : 0);
    Items part(all.begin() + at, all.begin() + end);
    if (bound.has_not_none(1) && i >= with_extra) part.push_back(bound[1]);
    out.push_back(Value::list(std::move(part)));
    at = end;
  }
  return Value::iterator(std::move(out));
}

Value attr(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "attr", {"name"}, 1);
  const auto name = bound.string(0);
  if (value.is_undefined()) value.raise_undefined();
  if (auto method = find_method(value, name)) return *method;
  // attributes only, not keys
  if (value.is(Kind::Namespace) || value.is(Kind::Callable)) {
    return interpreter.subscript(value, bound[0]);
  }
  return Value();
}

Value random_filter(Interpreter&, const Value& value, const Arguments&) {
  // A prompt must be the same each time it is made from the same messages.
  const Iteration iteration(value);
  return iteration.items().empty() ? Value() : iteration.items().front();
}

constexpr std::array sequence_entries = {
    FilterEntry{"attr", attr},
    FilterEntry{"batch", batch},
    FilterEntry{"count", count},
    FilterEntry{"d", default_filter},
    FilterEntry{"default", default_filter},
    FilterEntry{"dictsort", dictsort},
    FilterEntry{"first", first},
    FilterEntry{"items", items},
    FilterEntry{"last", last},
    FilterEntry{"length", count},
    FilterEntry{"list", list},
    FilterEntry{"max", extreme<true>},
    FilterEntry{"min", extreme<false>},
    FilterEntry{"random", random_filter},
    FilterEntry{"reverse", reverse},
    FilterEntry{"slice", slice_filter},
    FilterEntry{"sort", sort},
    FilterEntry{"sum", sum},
    FilterEntry{"unique", unique},
};

}  // namespace

std::span<const FilterEntry> sequence_filters() {
  return sequence_entries;
}

}  // namespace inference::jinja
