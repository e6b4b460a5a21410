// Metadata values of a GGUF file: the thirteen types of the format and a typed, checked view of one
// value. Views point into the file's bytes and live as long as the gguf::File they came from.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gguf {

// The numbers are the format's.
enum class ValueType : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};
inline constexpr std::uint32_t kValueTypeCount = 13;

// "u32", "string"...
const char* name(ValueType type);
// Bytes of one encoded value; 0 for String and Array, whose length varies.
std::size_t encoded_size(ValueType type);

// One value as it stands in the file. `encoded` is everything after the type number (for Writer to
// copy); the other fields say what it holds.
struct Value {
  ValueType type = ValueType::U8;
  ValueType element = ValueType::U8;  // Array: type of its elements, never Array
  std::uint64_t count = 1;            // Array: number of elements
  std::span<const std::byte> encoded;
  std::span<const std::byte> scalars;     // the scalar, or count packed elements; may be unaligned
  std::string_view string;                // String
  std::vector<std::string_view> strings;  // Array of String

  // "array of 3 f32", "u32": for messages.
  std::string describe() const;
};

// Reads `value` as a T, or nullopt when it is not one. Integers convert between widths and signs
// when the number fits, integers and floats never into each other (f32 and f64 do), bool is only
// bool. Arrays become std::vector of any scalar; arrays of strings become
// std::span<const std::string_view> (no copy) or std::vector<std::string>.
template <class T>
std::optional<T> convert(const Value& value);

template <>
std::optional<bool> convert(const Value& value);
template <>
std::optional<std::uint8_t> convert(const Value& value);
template <>
std::optional<std::int8_t> convert(const Value& value);
template <>
std::optional<std::uint16_t> convert(const Value& value);
template <>
std::optional<std::int16_t> convert(const Value& value);
template <>
std::optional<std::uint32_t> convert(const Value& value);
template <>
std::optional<std::int32_t> convert(const Value& value);
template <>
std::optional<std::uint64_t> convert(const Value& value);
template <>
std::optional<std::int64_t> convert(const Value& value);
template <>
std::optional<float> convert(const Value& value);
template <>
std::optional<double> convert(const Value& value);
template <>
std::optional<std::string_view> convert(const Value& value);
template <>
std::optional<std::string> convert(const Value& value);
template <>
std::optional<std::vector<bool>> convert(const Value& value);
template <>
std::optional<std::vector<std::uint8_t>> convert(const Value& value);
template <>
std::optional<std::vector<std::int32_t>> convert(const Value& value);
template <>
std::optional<std::vector<std::uint32_t>> convert(const Value& value);
template <>
std::optional<std::vector<std::int64_t>> convert(const Value& value);
template <>
std::optional<std::vector<std::uint64_t>> convert(const Value& value);
template <>
std::optional<std::vector<float>> convert(const Value& value);
template <>
std::optional<std::vector<std::string>> convert(const Value& value);
template <>
std::optional<std::span<const std::string_view>> convert(const Value& value);

// What a message calls the type that was asked for: "an integer", "an array of numbers"...
template <class T>
constexpr const char* wanted() {
  if constexpr (std::is_same_v<T, bool>) {
    return "a bool";
  } else if constexpr (std::is_integral_v<T>) {
    return sizeof(T) == 8 ? "an integer" : "an integer in range";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a float";
  } else if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>) {
    return "a string";
  } else if constexpr (std::is_same_v<T, std::span<const std::string_view>> ||
                       std::is_same_v<T, std::vector<std::string>>) {
    return "an array of strings";
  } else if constexpr (std::is_same_v<T, std::vector<float>>) {
    return "an array of floats";
  } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
    return "an array of bools";
  } else {
    return "an array of integers in range";
  }
}

}  // namespace gguf
