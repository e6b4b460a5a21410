// read<T>(value) and write(record): JSON to structs and back from their field lists, with the API's
// own error texts. Heavy templates: include in .cc files only.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json/errors.h"
#include "base/json/field.h"
#include "base/json/value.h"

namespace json {

template <class T>
Status read_into(T& out, const Value& value, const Path& path, const Constraints& constraints);

// The struct that `value` describes, or the first thing wrong with it, in field order. An
// InvalidRequest names the path.
template <class T>
Result<T> read(const Value& value, const Path& path = {}) {
  T out{};
  if (auto status = read_into(out, value, path, {}); !status)
    return fail(std::move(status.error()));
  return out;
}

template <class T>
Value write(const T& in);

namespace detail {

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;
template <class T>
constexpr bool is_nullable = false;
template <class T>
constexpr bool is_nullable<Nullable<T>> = true;
template <class T>
constexpr bool is_vector = false;
template <class T>
constexpr bool is_vector<std::vector<T>> = true;
template <class T>
constexpr bool is_map = false;
template <class T>
constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
concept Custom = requires(const T& t, const Value& v, const Path& p) {
  { T::from_json(v, p) } -> std::same_as<Result<T>>;
  { t.to_json() } -> std::convertible_to<Value>;
};

template <class T>
Status read_record(T& out, const Value& value, const Path& path, const Constraints& constraints) {
  const auto* object = value.if_object();
  if (!object) return errors::type(path, constraints.noun ? constraints.noun : "an object", value);

  if constexpr (requires { T::json_closed; }) {
    const auto names =
        std::apply([](const auto&... f) { return std::vector<std::string_view>{f.name...}; },
                   T::json_fields());
    if (auto status = errors::refuse_unknown(path, *object, names); !status) return status;
  }

  Status status;
  const auto read_field = [&](const auto& f) {
    using Member = std::remove_cvref_t<decltype(out.*f.member)>;
    const Value* found = find(*object, f.name);
    const bool may_be_absent = f.constraints.optional || is_optional<Member> || is_nullable<Member>;
    const Path at = path.parent || !path.key.empty() || path.is_index ? path.member(f.name)
                                                                      : Path{.key = f.name};
    if (!found || (found->is_null() && may_be_absent)) {
      if (!may_be_absent) status = errors::missing(at);
      return status.has_value();
    }
    status = read_into(out.*f.member, *found, at, f.constraints);
    return status.has_value();
  };
  std::apply([&](const auto&... f) { (void)(read_field(f) && ...); }, T::json_fields());
  return status;
}

template <class T>
Status read_array(std::vector<T>& out, const Value& value, const Path& path,
                  const Constraints& constraints) {
  const auto* array = value.if_array();
  if (!array) {
    constexpr bool of_objects = Record<T> || Custom<T>;
    const char* noun = constraints.noun ? constraints.noun
                       : of_objects     ? "an array of objects"
                                        : "an array";
    return errors::type(path, noun, value);
  }
  if (auto status = errors::check_array_length(path, array->size(), constraints); !status)
    return status;
  Constraints of_element = constraints;
  of_element.length_min = 0;
  of_element.length_max = std::numeric_limits<std::size_t>::max();
  of_element.noun = nullptr;
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    out.emplace_back();
    if (auto status = read_into(out.back(), (*array)[i], path.element(i), of_element); !status)
      return status;
  }
  return {};
}

template <class T>
Status read_map(std::map<std::string, T>& out, const Value& value, const Path& path,
                const Constraints& constraints) {
  const auto* object = value.if_object();
  if (!object) return errors::type(path, constraints.noun ? constraints.noun : "an object", value);
  if (auto status = errors::check_object_size(path, object->size(), constraints); !status)
    return status;
  for (const auto& [key, member] : *object) {
    if (auto status = read_into(out[std::string(key)], member, path.member(key), {}); !status)
      return status;
  }
  return {};
}

}  // namespace detail

template <class T>
Status read_into(T& out, const Value& value, const Path& path, const Constraints& constraints) {
  if constexpr (std::same_as<T, Value>) {
    out = value;
    return {};
  } else if constexpr (std::same_as<T, Object>) {
    const auto* object = value.if_object();
    if (!object)
      return errors::type(path, constraints.noun ? constraints.noun : "an object", value);
    out = *object;
    return {};
  } else if constexpr (detail::is_optional<T> || detail::is_nullable<T>) {
    if (value.is_null()) {
      out.reset();
      return {};
    }
    return read_into(out.emplace(), value, path, constraints);
  } else if constexpr (std::same_as<T, bool>) {
    return errors::read_bool(out, value, path, constraints);
  } else if constexpr (std::integral<T>) {
    std::int64_t wide = 0;
    const Constraints clamped = errors::within<T>(constraints);
    if (auto status = errors::read_integer(wide, value, path, clamped); !status) return status;
    out = static_cast<T>(wide);
    return {};
  } else if constexpr (std::floating_point<T>) {
    double wide = 0;
    if (auto status = errors::read_number(wide, value, path, constraints); !status) return status;
    out = static_cast<T>(wide);
    return {};
  } else if constexpr (std::same_as<T, std::string>) {
    return errors::read_string(out, value, path, constraints);
  } else if constexpr (detail::is_vector<T>) {
    return detail::read_array(out, value, path, constraints);
  } else if constexpr (detail::is_map<T>) {
    return detail::read_map(out, value, path, constraints);
  } else if constexpr (detail::Custom<T>) {
    auto made = T::from_json(value, path);
    if (!made) return fail(std::move(made.error()));
    out = std::move(*made);
    return {};
  } else {
    static_assert(Record<T>, "no JSON form: give the type json_fields() or from_json/to_json");
    return detail::read_record(out, value, path, constraints);
  }
}

template <class T>
Value write(const T& in) {
  if constexpr (std::same_as<T, Value> || std::same_as<T, bool> || std::integral<T> ||
                std::floating_point<T>) {
    return Value(in);
  } else if constexpr (std::same_as<T, Object> || std::same_as<T, Array>) {
    return Value(in);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return Value(std::string_view(in));
  } else if constexpr (detail::is_optional<T> || detail::is_nullable<T>) {
    return in ? write(*in) : Value(nullptr);
  } else if constexpr (detail::is_vector<T>) {
    Array array;
    array.reserve(in.size());
    for (const auto& element : in) array.push_back(write(element));
    return array;
  } else if constexpr (detail::is_map<T>) {
    Object object;
    for (const auto& [key, member] : in) object.emplace(key, write(member));
    return object;
  } else if constexpr (requires {
                         { in.to_json() } -> std::convertible_to<Value>;
                       }) {
    return in.to_json();
  } else {
    static_assert(Record<T>, "no JSON form: give the type json_fields() or from_json/to_json");
    Object object;
    std::apply(
        [&](const auto&... f) {
          const auto write_field = [&](const auto& each) {
            using Member = std::remove_cvref_t<decltype(in.*each.member)>;
            if constexpr (detail::is_optional<Member>) {
              if (!(in.*each.member)) return;
            }
            object.emplace(each.name, write(in.*each.member));
          };
          (write_field(f), ...);
        },
        T::json_fields());
    return object;
  }
}

}  // namespace json
