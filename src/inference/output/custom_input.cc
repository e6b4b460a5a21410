#include "inference/output/custom_input.h"

#include <utility>

#include "base/json/value.h"
#include "inference/chat_template/messages.h"

namespace inference::output {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;  // for halves of pairs that stand alone

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::uint32_t hex_value(char c) {
  return static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace

std::string CustomInput::feed(std::string_view json) {
  std::string out;
  for (const char c : json) take(c, out);
  return out;
}

void CustomInput::take(char c, std::string& out) {
  static const std::string key = json::quote(custom_tool_parameter);
  if (place_ == Place::Over) return;
  if (place_ == Place::Text) return take_text(c, out);
  json_ += c;
  if (place_ == Place::Otherwise || (is_space(c) && key_size_ % key.size() == 0)) return;
  switch (place_) {
    case Place::Object: place_ = c == '{' ? Place::Key : Place::Otherwise; return;
    case Place::Key:
      if (c != key[key_size_]) {
        place_ = Place::Otherwise;
      } else if (++key_size_ == key.size()) {
        place_ = Place::Colon;
      }
      return;
    case Place::Colon: place_ = c == ':' ? Place::Quote : Place::Otherwise; return;
    default: place_ = c == '"' ? Place::Text : Place::Otherwise;
  }
}

void CustomInput::take_text(char c, std::string& out) {
  if (hex_digits_ > 0) {
    hex_ = hex_ << 4 | hex_value(c);
    if (--hex_digits_ == 0) add_point(hex_, out);
    return;
  }
  if (escaped_) {
    escaped_ = false;
    if (c == 'u') {
      hex_digits_ = 4;
      hex_ = 0;
      return;
    }
    end_pair(out);
    constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
    const auto at = letters.find(c);
    out += at == letters.npos ? c : meanings[at];
    return;
  }
  if (c == '\\') {
    escaped_ = true;
    return;
  }
  end_pair(out);
  if (c == '"') {
    place_ = Place::Over;
  } else {
    out += c;
  }
}

void CustomInput::end_pair(std::string& out) {
  if (std::exchange(high_, 0) != 0) add_point(kReplacement, out);
}

void CustomInput::add_point(std::uint32_t point, std::string& out) {
  const bool is_low = point >= 0xDC00 && point <= 0xDFFF;
  if (is_low && high_ != 0) {
    point = 0x10000 + ((std::exchange(high_, 0) - 0xD800) << 10) + (point - 0xDC00);
  } else {
    end_pair(out);
    if (point >= 0xD800 && point <= 0xDBFF) {
      high_ = point;
      return;
    }
    if (is_low) point = kReplacement;
  }
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  const int n_after = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[n_after] | (point >> 6 * n_after));
  for (int i = n_after - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((point >> 6 * i) & 0x3F));
}

std::string CustomInput::finish() {
  if (place_ == Place::Text || place_ == Place::Over) {
    std::string out;
    end_pair(out);
    return out;
  }
  const auto parsed = json::parse(json_);
  const auto* input = parsed ? json::find(*parsed, custom_tool_parameter) : nullptr;
  return input && input->is_string() ? std::string(input->get_string()) : std::move(json_);
}

}  // namespace inference::output
