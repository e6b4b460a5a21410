#include "inference/output/json_scanner.h"

#include <cctype>

#include "base/json/value.h"
#include "base/limits/json.h"

namespace inference::output {

JsonScanner::State JsonScanner::scan(std::string_view& text, std::string& out) {
  while (!text.empty()) {
    if (expect_ == Expect::Nothing) return State::Done;
    const bool is_space = std::string_view(" \t\r\n").find(text[0]) != std::string_view::npos;
    if (!in_string_ && word_.empty() && is_space) {
      out += text[0];
    } else if (!take(text[0], out)) {
      if (expect_ == Expect::Nothing && !bad_) return State::Done;  // ended by what follows
      return State::Bad;
    }
    text.remove_prefix(1);
  }
  return expect_ == Expect::Nothing ? State::Done : State::More;
}

JsonScanner::State JsonScanner::finish() {
  if (!word_.empty() && !end_word()) return State::Bad;
  return expect_ == Expect::Nothing ? State::Done : State::Bad;
}

bool JsonScanner::take(char c, std::string& out) {
  if (in_string_) return in_string(c, out);
  const bool is_word =
      std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.';
  if (is_word) {
    const bool value_may_begin =
        !word_.empty() || expect_ == Expect::Value || expect_ == Expect::FirstElement;
    if (!value_may_begin || word_.size() > 400) return !(bad_ = true);
    expect_ = Expect::Value;
    word_ += c;
    out += c;
    return true;
  }
  if (!word_.empty()) {
    if (!end_word()) return false;
    if (expect_ == Expect::Nothing) return false;
    if (std::isspace(static_cast<unsigned char>(c))) {
      out += c;
      return true;
    }
  }
  if (!structure(c)) return !(bad_ = true);
  out += c;
  return true;
}

bool JsonScanner::structure(char c) {
  const bool value_may_begin = expect_ == Expect::Value || expect_ == Expect::FirstElement;
  switch (c) {
    case '"':
      if (!value_may_begin && expect_ != Expect::Key && expect_ != Expect::FirstKey) return false;
      string_is_key_ = !value_may_begin;
      return in_string_ = true;
    case '{':
    case '[':
      if (!value_may_begin || open_.size() >= limits::json_depth_max) return false;
      open_ += c;
      expect_ = c == '{' ? Expect::FirstKey : Expect::FirstElement;
      return true;
    case '}':
    case ']': {
      const bool may_end = expect_ == Expect::CommaOrEnd ||
                           expect_ == (c == '}' ? Expect::FirstKey : Expect::FirstElement);
      if (!may_end || open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return false;
      open_.pop_back();
      value_ended();
      return true;
    }
    case ':':
      if (expect_ != Expect::Colon) return false;
      expect_ = Expect::Value;
      return true;
    case ',':
      if (expect_ != Expect::CommaOrEnd) return false;
      expect_ = open_.back() == '{' ? Expect::Key : Expect::Value;
      return true;
    default: return false;
  }
}

bool JsonScanner::in_string(char c, std::string& out) {
  if (hex_digits_ > 0) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) return !(bad_ = true);
    --hex_digits_;
  } else if (escaped_) {
    if (std::string_view("\"\\/bfnrtu").find(c) == std::string_view::npos) return !(bad_ = true);
    hex_digits_ = c == 'u' ? 4 : 0;
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    in_string_ = false;
    if (string_is_key_) {
      expect_ = Expect::Colon;
    } else {
      value_ended();
    }
  } else if (static_cast<unsigned char>(c) < 0x20) {
    const auto quoted = json::quote(std::string_view(&c, 1));
    out += quoted.substr(1, quoted.size() - 2);
    return true;
  }
  out += c;
  return true;
}

bool JsonScanner::end_word() {
  const bool ok = json::parse(word_).has_value();
  word_.clear();
  if (!ok) return !(bad_ = true);
  value_ended();
  return true;
}

void JsonScanner::value_ended() {
  expect_ = open_.empty() ? Expect::Nothing : Expect::CommaOrEnd;
}

}  // namespace inference::output
