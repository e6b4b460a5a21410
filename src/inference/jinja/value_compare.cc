// Truth, equality, order and membership as Python defines them.
#include <algorithm>
#include <cmath>

#include "inference/jinja/callable.h"
#include "inference/jinja/python_text.h"
#include "inference/jinja/value.h"

namespace inference::jinja {
namespace {

bool is_indexable(const Value& value) {
  return value.is(Kind::List) || value.is(Kind::Tuple);
}

bool equal_numbers(const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) return left.as_int() == right.as_int();
  return left.as_double() == right.as_double();
}

bool equal_items(const Items& left, const Items& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), equal);
}

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.entries.size() != right.entries.size()) return false;
  return std::all_of(left.entries.begin(), left.entries.end(), [&](const auto& entry) {
    const auto* other = right.find(entry.first);
    return other && equal(entry.second, *other);
  });
}

bool equal_ranges(const Range& left, const Range& right) {
  if (left.size() != right.size()) return false;
  if (left.size() == 0) return true;
  return left.start == right.start && (left.size() == 1 || left.step == right.step);
}

}  // namespace

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined: return "Undefined";
    case Kind::None: return "NoneType";
    case Kind::Bool: return "bool";
    case Kind::Int: return "int";
    case Kind::Float: return "float";
    case Kind::String: return "str";
    case Kind::List: return "list";
    case Kind::Tuple: return "tuple";
    case Kind::Dict: return "dict";
    case Kind::Range: return "range";
    case Kind::View: return value.as_sequence().name;
    case Kind::Iterator: return "generator";
    case Kind::Namespace: return "Namespace";
    case Kind::Callable: return "function";
  }
  return "object";
}

bool truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
    case Kind::None: return false;
    case Kind::Bool: return value.as_bool();
    case Kind::Int: return value.as_int() != 0;
    case Kind::Float: return value.as_double() != 0;
    case Kind::String: return !value.as_string().empty();
    case Kind::List:
    case Kind::Tuple:
    case Kind::View: return !value.as_sequence().items.empty();
    case Kind::Dict: return !value.as_dict().entries.empty();
    case Kind::Range: return value.as_range().size() != 0;
    case Kind::Iterator:
    case Kind::Namespace: return true;
    case Kind::Callable: return value.as_callable().size().value_or(1) != 0;
  }
  return false;
}

bool equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return equal_numbers(left, right);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::String: return left.as_string() == right.as_string();
    case Kind::List:
    case Kind::Tuple:
      return left.same_object(right) ||
             equal_items(left.as_sequence().items, right.as_sequence().items);
    case Kind::Dict: return left.same_object(right) || equal_dicts(left.as_dict(), right.as_dict());
    case Kind::Range: return equal_ranges(left.as_range(), right.as_range());
    default: return left.same_object(right);
  }
}

bool less(const Value& left, const Value& right, std::string_view symbol) {
  if (left.is_undefined()) left.raise_undefined();
  if (right.is_undefined()) right.raise_undefined();
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) return left.as_int() < right.as_int();
    return left.as_double() < right.as_double();
  }
  // The bytes of UTF-8 order as the code points do.
  if (left.is_string() && right.is_string()) return left.as_string() < right.as_string();
  if (left.kind() == right.kind() && is_indexable(left)) {
    const auto& a = left.as_sequence().items;
    const auto& b = right.as_sequence().items;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (!equal(a[i], b[i])) return less(a[i], b[i], symbol);
    }
    return a.size() < b.size();
  }
  raise("'" + std::string(symbol) + "' not supported between instances of '" +
        std::string(type_name(left)) + "' and '" + std::string(type_name(right)) + "'");
}

bool contains(const Value& haystack, const Value& needle) {
  switch (haystack.kind()) {
    case Kind::String:
      if (!needle.is_string()) {
        raise("'in <string>' requires string as left operand, not " +
              std::string(type_name(needle)));
      }
      return haystack.as_string().find(needle.as_string()) != std::string::npos;
    case Kind::Dict:
      if (needle.is(Kind::List) || needle.is_dict()) {
        raise("unhashable type: '" + std::string(type_name(needle)) + "'");
      }
      return haystack.as_dict().find(needle) != nullptr;
    case Kind::Undefined: return false;
    default: break;
  }
  const Iteration iteration(haystack);
  const auto items = iteration.items();
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& item) { return equal(item, needle); });
}

std::optional<std::int64_t> length(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined: return 0;
    case Kind::String: return static_cast<std::int64_t>(count_characters(value.as_string()));
    case Kind::List:
    case Kind::Tuple:
    case Kind::View: return static_cast<std::int64_t>(value.as_sequence().items.size());
    case Kind::Dict: return static_cast<std::int64_t>(value.as_dict().entries.size());
    case Kind::Range: return value.as_range().size();
    case Kind::Callable: return value.as_callable().size();
    default: return std::nullopt;
  }
}

}  // namespace inference::jinja
