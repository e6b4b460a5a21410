// Header fields of a message: an ordered multimap whose names ignore case.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

// ASCII only, as header names are.
bool iequals(std::string_view a, std::string_view b);

// All text lives in one string, so a message with twenty fields costs two allocations.
// Views it returns are valid until the next change.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

  void add(std::string_view name, std::string_view value);
  // Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);
  // How many were removed.
  std::size_t erase(std::string_view name);
  void clear();

  bool contains(std::string_view name) const { return index_of(name, 0) != kNone; }
  std::size_t count(std::string_view name) const;
  // The first value of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  // Every value of that name, in order.
  std::vector<std::string_view> all(std::string_view name) const;
  // Whether any value of that name, read as a comma-separated list, holds the token.
  bool has_token(std::string_view name, std::string_view token) const;

  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  // The field at `index`, in the order of addition: name and value.
  std::pair<std::string_view, std::string_view> at(std::size_t index) const;

  class Iterator {
   public:
    Iterator(const Headers& headers, std::size_t index) : headers_(&headers), index_(index) {}
    auto operator*() const { return headers_->at(index_); }
    Iterator& operator++() { return ++index_, *this; }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, fields_.size()}; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // The value follows the name in text_.
  struct Field {
    std::uint32_t begin = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0;
  };

  std::size_t index_of(std::string_view name, std::size_t from) const;

  std::string text_;
  std::vector<Field> fields_;
};

// Whether a value can be sent without changing the message around it: no control characters
// (RFC 9110, section 5.5).
bool is_field_value(std::string_view value);
// A token (RFC 9110, section 5.6.2): what names of methods and headers are made of.
bool is_token(std::string_view text);

}  // namespace http
