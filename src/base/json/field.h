// Field lists: how a struct names its JSON members, once, for reading, writing and validating.
//
//   struct Page {
//     std::string after;
//     std::optional<std::int64_t> limit;
//     static constexpr auto json_fields() {
//       return std::tuple{json::field("after", &Page::after).optional(),
//                         json::field("limit", &Page::limit).min(1).max(100)};
//     }
//     static constexpr bool json_closed = true;  // unknown members are refused; leave out to
//     ignore them
//   };
//
// Reading: a plain member is required unless .optional(); std::optional and Nullable may be absent
// or null. Writing: an empty std::optional is left out, an empty Nullable is null. A type that is
// no plain record (a string or a list of parts, a tagged union) provides instead
//   static Result<T> from_json(const json::Value&, const json::Path&);   json::Value to_json()
//   const;
// This header is light; json/codec.h has the templates and belongs in .cc files.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

namespace json {

// Where a value stands in the document: `messages[2].content[0].type`. Lives on the stack of the
// reader.
struct Path {
  const Path* parent = nullptr;
  std::string_view key = {};
  std::size_t index = 0;
  bool is_index = false;

  Path member(std::string_view name) const { return {.parent = this, .key = name}; }
  Path element(std::size_t i) const { return {.parent = this, .index = i, .is_index = true}; }
  std::string str() const;
};

// A member that is written as null when empty (where the API always sends the key).
template <class T>
struct Nullable : std::optional<T> {
  using std::optional<T>::optional;
  using std::optional<T>::operator=;
};

struct Constraints {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::size_t length_min = 0;  // characters of a string, elements of an array, members of a map
  std::size_t length_max = std::numeric_limits<std::size_t>::max();
  std::span<const std::string_view> values = {};  // the only strings allowed, in the API's order
  const char* noun = nullptr;  // "a metadata object": replaces the type's own in `expected ...`
  bool optional = false;
};

template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::* member;
  Constraints constraints = {};

  constexpr Field optional() const {
    auto f = *this;
    f.constraints.optional = true;
    return f;
  }
  constexpr Field min(double v) const {
    auto f = *this;
    f.constraints.min = v;
    return f;
  }
  constexpr Field max(double v) const {
    auto f = *this;
    f.constraints.max = v;
    return f;
  }
  constexpr Field length_min(std::size_t v) const {
    auto f = *this;
    f.constraints.length_min = v;
    return f;
  }
  constexpr Field length_max(std::size_t v) const {
    auto f = *this;
    f.constraints.length_max = v;
    return f;
  }
  constexpr Field one_of(std::span<const std::string_view> v) const {
    auto f = *this;
    f.constraints.values = v;
    return f;
  }
  constexpr Field noun(const char* v) const {
    auto f = *this;
    f.constraints.noun = v;
    return f;
  }
};

template <class Owner, class Member>
constexpr Field<Owner, Member> field(std::string_view name, Member Owner::* member) {
  return {name, member};
}

template <class T>
concept Record = requires { T::json_fields(); };

}  // namespace json
