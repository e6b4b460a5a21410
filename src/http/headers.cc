#include "http/headers.h"

#include <algorithm>

#include "base/check.h"
#include "http/trimmed.h"

namespace http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || lower(x) == lower(y);
         });
}

Headers::Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
  CHECK(text_.size() + name.size() + value.size() < UINT32_MAX);
  if (fields_.empty()) {
    fields_.reserve(8);
    text_.reserve(256);
  }
  const Field field{static_cast<std::uint32_t>(text_.size()),
                    static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())};
  // The arguments may be views of text_ itself, so nothing may move before both are copied.
  if (text_.capacity() - text_.size() < name.size() + value.size()) {
    std::string larger;
    larger.reserve(2 * text_.size() + name.size() + value.size());
    larger.append(text_).append(name).append(value);
    text_ = std::move(larger);
  } else {
    text_.append(name).append(value);
  }
  fields_.push_back(field);
}

void Headers::set(std::string_view name, std::string_view value) {
  erase(name);
  add(name, value);
}

std::size_t Headers::erase(std::string_view name) {
  return std::erase_if(fields_, [&](const Field& field) {
    return iequals(std::string_view(text_).substr(field.begin, field.name_size), name);
  });
}

void Headers::clear() {
  text_.clear();
  fields_.clear();
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t n = 0;
  for (auto i = index_of(name, 0); i != kNone; i = index_of(name, i + 1)) ++n;
  return n;
}

std::string_view Headers::get(std::string_view name) const {
  const auto index = index_of(name, 0);
  return index == kNone ? std::string_view() : at(index).second;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (auto i = index_of(name, 0); i != kNone; i = index_of(name, i + 1)) {
    values.push_back(at(i).second);
  }
  return values;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (auto i = index_of(name, 0); i != kNone; i = index_of(name, i + 1)) {
    std::string_view rest = at(i).second;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (iequals(trimmed(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::pair<std::string_view, std::string_view> Headers::at(std::size_t index) const {
  CHECK(index < fields_.size());
  const Field& field = fields_[index];
  const std::string_view text = text_;
  return {text.substr(field.begin, field.name_size),
          text.substr(field.begin + field.name_size, field.value_size)};
}

std::size_t Headers::index_of(std::string_view name, std::size_t from) const {
  const std::string_view text = text_;
  for (std::size_t i = from; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    if (field.name_size == name.size() &&
        iequals(text.substr(field.begin, field.name_size), name)) {
      return i;
    }
  }
  return kNone;
}

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace http
