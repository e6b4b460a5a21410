#include "train/data/clean.h"

#include <algorithm>
#include <array>
#include <utility>

namespace train {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kPlainForms{{
    {"\xE2\x80\x98", "'"},
    {"\xE2\x80\x99", "'"},
    {"\xE2\x80\x9C", "\""},
    {"\xE2\x80\x9D", "\""},
    {"\xE2\x80\x93", "-"},
    {"\xE2\x80\x94", " - "},
    {"\xE2\x80\xA6", "..."},
    {"\xC2\xA0", " "},
    {"\xE2\x80\x8B", ""},
    {"\xEF\xBB\xBF", ""},
    {"\r", ""},
    {"\t", " "},
}};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) return text;
  std::string out;
  std::size_t copied = 0;
  for (; at != std::string::npos; at = text.find(from, copied)) {
    out.append(text, copied, at - copied).append(to);
    copied = at + from.size();
  }
  return out.append(text, copied);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) >= 0; });
}

std::string tidy(std::string_view text, bool keep_lines) {
  std::string plain(text);
  for (const auto& [from, to] : kPlainForms) plain = replaced(std::move(plain), from, to);
  std::string out;
  for (char c : plain) {
    if (c == '\n' && !keep_lines) c = ' ';
    const bool after_blank = out.empty() || out.back() == ' ' || out.back() == '\n';
    if (c == ' ' && after_blank) continue;
    if (c == '\n') {
      while (!out.empty() && out.back() == ' ') out.pop_back();
    }
    out.push_back(c);
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
  return out;
}

std::string sentence(std::string_view text) {
  std::string out = tidy(text);
  if (out.empty()) return out;
  bool starts_sentence = true;
  for (std::size_t i = 0; i < out.size(); ++i) {
    char& c = out[i];
    const bool before = i > 0 && (is_word(out[i - 1]) || out[i - 1] == '\'');
    const bool after = i + 1 < out.size() && is_word(out[i + 1]);
    if (c == 'i' && !before && !after && (i + 1 >= out.size() || out[i + 1] != '.')) c = 'I';
    if (starts_sentence && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (is_word(c)) starts_sentence = false;
    if ((c == '.' || c == '!' || c == '?') && i + 1 < out.size() && out[i + 1] == ' ')
      starts_sentence = true;
  }
  if (is_word(out.back())) out.push_back('.');
  return out;
}

}  // namespace train
