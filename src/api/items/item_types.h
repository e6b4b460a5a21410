// The types of items, as a table: which members an item of a type has, which it must have, and how
// its id begins. Source: OpenAI API reference, "Item"; research notes on the API's behaviour.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace api::items {

// What a member's value must look like. Any: free JSON.
enum class Shape {
  Text,
  Flag,
  Number,
  Object,
  Array,
  TextOrParts,
  SummaryParts,
  ThoughtParts,
  Any
};

struct Member {
  std::string_view name;
  Shape shape = Shape::Any;
  bool required = false;
  bool nullable = false;
  std::span<const std::string_view> values = {};  // Text: the only ones allowed
};

struct ItemType {
  std::string_view name;
  std::string_view id_prefix;       // of ids made here: "msg"
  std::string_view id_starts;       // what a client's id must begin with
  bool has_status = false;          // stored items of this type carry a status
  std::span<const Member> members;  // besides `type` and `id`
};

// What `status` of an item may be.
inline constexpr std::array<std::string_view, 3> kStatuses{"in_progress", "completed",
                                                           "incomplete"};

// nullptr for a type that is none.
const ItemType* find_type(std::string_view name);
// All names, as error messages list them.
std::span<const std::string_view> type_names();

// A call that somebody must answer, and what answers it.
struct CallPair {
  std::string_view call, output;
  std::string_view noun;  // "function call"
};
std::span<const CallPair> call_pairs();

}  // namespace api::items
