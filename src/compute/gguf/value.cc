#include "compute/gguf/value.h"

#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace gguf {
namespace {

struct TypeFacts {
  const char* name;
  std::size_t size;
};

// Indexed by ValueType.
constexpr std::array<TypeFacts, kValueTypeCount> kTypes = {{{"u8", 1},
                                                            {"i8", 1},
                                                            {"u16", 2},
                                                            {"i16", 2},
                                                            {"u32", 4},
                                                            {"i32", 4},
                                                            {"f32", 4},
                                                            {"bool", 1},
                                                            {"string", 0},
                                                            {"array", 0},
                                                            {"u64", 8},
                                                            {"i64", 8},
                                                            {"f64", 8}}};

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class To, class From>
std::optional<To> narrowed(From value) {
  if (!std::in_range<To>(value)) return std::nullopt;
  return static_cast<To>(value);
}

// The integer of type `type` stored at `at`, when it is one and fits.
template <class T>
std::optional<T> integer(ValueType type, const std::byte* at) {
  switch (type) {
    case ValueType::U8: return narrowed<T>(load<std::uint8_t>(at));
    case ValueType::I8: return narrowed<T>(load<std::int8_t>(at));
    case ValueType::U16: return narrowed<T>(load<std::uint16_t>(at));
    case ValueType::I16: return narrowed<T>(load<std::int16_t>(at));
    case ValueType::U32: return narrowed<T>(load<std::uint32_t>(at));
    case ValueType::I32: return narrowed<T>(load<std::int32_t>(at));
    case ValueType::U64: return narrowed<T>(load<std::uint64_t>(at));
    case ValueType::I64: return narrowed<T>(load<std::int64_t>(at));
    default: return std::nullopt;
  }
}

template <class T>
std::optional<T> real(ValueType type, const std::byte* at) {
  if (type == ValueType::F32) return static_cast<T>(load<float>(at));
  if (type == ValueType::F64) return static_cast<T>(load<double>(at));
  return std::nullopt;
}

std::optional<bool> boolean(ValueType type, const std::byte* at) {
  if (type != ValueType::Bool) return std::nullopt;
  return load<std::uint8_t>(at) != 0;
}

template <class T>
std::optional<T> scalar(ValueType type, const std::byte* at) {
  if constexpr (std::is_same_v<T, bool>) return boolean(type, at);
  if constexpr (std::is_floating_point_v<T>) return real<T>(type, at);
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return integer<T>(type, at);
}

template <class T>
std::optional<T> one(const Value& value) {
  if (value.type == ValueType::Array || value.type == ValueType::String) return std::nullopt;
  return scalar<T>(value.type, value.scalars.data());
}

template <class T>
std::optional<std::vector<T>> many(const Value& value) {
  if (value.type != ValueType::Array || value.element == ValueType::String) return std::nullopt;
  const std::size_t size = encoded_size(value.element);
  std::vector<T> out;
  out.reserve(value.count);
  for (std::uint64_t i = 0; i < value.count; ++i) {
    const auto element = scalar<T>(value.element, value.scalars.data() + i * size);
    if (!element) return std::nullopt;
    out.push_back(*element);
  }
  return out;
}

}  // namespace

const char* name(ValueType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}
std::size_t encoded_size(ValueType type) {
  return kTypes[static_cast<std::size_t>(type)].size;
}

std::string Value::describe() const {
  if (type != ValueType::Array) return name(type);
  return fmt::format("array of {} {}", count, name(element));
}

// clang-format off
template <> std::optional<bool> convert(const Value& value) { return one<bool>(value); }
template <> std::optional<std::uint8_t> convert(const Value& value) { return one<std::uint8_t>(value); }
template <> std::optional<std::int8_t> convert(const Value& value) { return one<std::int8_t>(value); }
template <> std::optional<std::uint16_t> convert(const Value& value) { return one<std::uint16_t>(value); }
template <> std::optional<std::int16_t> convert(const Value& value) { return one<std::int16_t>(value); }
template <> std::optional<std::uint32_t> convert(const Value& value) { return one<std::uint32_t>(value); }
template <> std::optional<std::int32_t> convert(const Value& value) { return one<std::int32_t>(value); }
template <> std::optional<std::uint64_t> convert(const Value& value) { return one<std::uint64_t>(value); }
template <> std::optional<std::int64_t> convert(const Value& value) { return one<std::int64_t>(value); }
template <> std::optional<float> convert(const Value& value) { return one<float>(value); }
template <> std::optional<double> convert(const Value& value) { return one<double>(value); }
template <> std::optional<std::vector<bool>> convert(const Value& value) { return many<bool>(value); }
template <> std::optional<std::vector<std::uint8_t>> convert(const Value& value) { return many<std::uint8_t>(value); }
template <> std::optional<std::vector<std::int32_t>> convert(const Value& value) { return many<std::int32_t>(value); }
template <> std::optional<std::vector<std::uint32_t>> convert(const Value& value) { return many<std::uint32_t>(value); }
template <> std::optional<std::vector<std::int64_t>> convert(const Value& value) { return many<std::int64_t>(value); }
template <> std::optional<std::vector<std::uint64_t>> convert(const Value& value) { return many<std::uint64_t>(value); }
template <> std::optional<std::vector<float>> convert(const Value& value) { return many<float>(value); }
// clang-format on

template <>
std::optional<std::string_view> convert(const Value& value) {
  if (value.type != ValueType::String) return std::nullopt;
  return value.string;
}

template <>
std::optional<std::string> convert(const Value& value) {
  if (value.type != ValueType::String) return std::nullopt;
  return std::string(value.string);
}

template <>
std::optional<std::span<const std::string_view>> convert(const Value& value) {
  if (value.type != ValueType::Array || value.element != ValueType::String) return std::nullopt;
  return std::span<const std::string_view>(value.strings);
}

template <>
std::optional<std::vector<std::string>> convert(const Value& value) {
  if (value.type != ValueType::Array || value.element != ValueType::String) return std::nullopt;
  return std::vector<std::string>(value.strings.begin(), value.strings.end());
}

}  // namespace gguf
