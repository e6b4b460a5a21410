#include "inference/jinja/python_text.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "inference/jinja/value.h"

namespace inference::jinja {
namespace {

std::size_t sequence_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return 4;
}

std::string from_unicode(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

icu::UnicodeString to_unicode(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

bool is_line_end(char32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

// The last code point of non-empty text, and its size in bytes.
std::pair<char32_t, std::size_t> last_code_point(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() &&
         (static_cast<unsigned char>(text[text.size() - size]) & 0xC0) == 0x80)
    ++size;
  return {to_code_points(text.substr(text.size() - size))[0], size};
}

std::vector<std::string> split_space(std::string_view text, std::int64_t splits_max) {
  std::vector<std::string> parts;
  text = strip(text, Side::Left);
  while (!text.empty()) {
    if (splits_max >= 0 && static_cast<std::int64_t>(parts.size()) == splits_max) {
      parts.emplace_back(text);
      break;
    }
    std::size_t end = 0;
    for (const auto character : characters(text)) {
      if (is_space(to_code_points(character)[0])) break;
      end += character.size();
    }
    parts.emplace_back(text.substr(0, end));
    text = strip(text.substr(end), Side::Left);
  }
  return parts;
}

std::vector<std::string> split_space_right(std::string_view text, std::int64_t splits_max) {
  std::vector<std::string> parts;
  text = strip(text, Side::Right);
  while (!text.empty()) {
    if (static_cast<std::int64_t>(parts.size()) == splits_max) {
      parts.emplace_back(text);
      break;
    }
    std::size_t start = text.size();
    while (start > 0) {
      const auto [c, size] = last_code_point(text.substr(0, start));
      if (is_space(c)) break;
      start -= size;
    }
    parts.emplace_back(text.substr(start));
    text = strip(text.substr(0, start), Side::Right);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto size = std::min(sequence_size(static_cast<unsigned char>(text[i])), text.size() - i);
    out.push_back(text.substr(i, size));
    i += size;
  }
  return out;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::u32string to_code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c;
    U8_NEXT_OR_FFFD(text.data(), i, size, c);
    out.push_back(static_cast<char32_t>(c));
  }
  return out;
}

void append_code_point(std::string& out, char32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) code_point = 0xFFFD;
  char buffer[4];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(buffer, size, static_cast<UChar32>(code_point));
  out.append(buffer, static_cast<std::size_t>(size));
}

std::string from_code_points(std::u32string_view code_points) {
  std::string out;
  out.reserve(code_points.size());
  for (const auto c : code_points) append_code_point(out, c);
  return out;
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
  return u_isUWhiteSpace(static_cast<UChar32>(c));
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  constexpr std::uint32_t hidden = U_GC_C_MASK | U_GC_Z_MASK;
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & hidden) == 0;
}

bool is_alphabetic(char32_t c) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0;
}
bool is_decimal(char32_t c) {
  return u_charType(static_cast<UChar32>(c)) == U_DECIMAL_DIGIT_NUMBER;
}
bool is_digit(char32_t c) {
  const auto type = u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool is_numeric(char32_t c) {
  return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}
bool is_upper(char32_t c) {
  return u_isUUppercase(static_cast<UChar32>(c));
}
bool is_lower(char32_t c) {
  return u_isULowercase(static_cast<UChar32>(c));
}
bool is_title(char32_t c) {
  return u_charType(static_cast<UChar32>(c)) == U_TITLECASE_LETTER;
}
bool is_word(char32_t c) {
  return c == '_' || is_alphabetic(c) || is_numeric(c);
}

std::string upper(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    for (auto& c : out) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
    return out;
  }
  return from_unicode(to_unicode(text).toUpper(icu::Locale::getRoot()));
}

std::string lower(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    for (auto& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
  }
  return from_unicode(to_unicode(text).toLower(icu::Locale::getRoot()));
}

std::string casefold(std::string_view text) {
  return from_unicode(to_unicode(text).foldCase());
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  const auto first = sequence_size(static_cast<unsigned char>(text[0]));
  return from_unicode(to_unicode(text.substr(0, first)).toTitle(nullptr, icu::Locale::getRoot())) +
         lower(text.substr(first));
}

std::string title(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (const auto character : characters(text)) {
    const auto c = to_code_points(character)[0];
    out += in_word ? lower(character) : capitalize(character);
    in_word = is_upper(c) || is_lower(c) || is_title(c);
  }
  return out;
}

std::string swapcase(std::string_view text) {
  std::string out;
  for (const auto character : characters(text)) {
    const auto c = to_code_points(character)[0];
    out += is_upper(c) ? lower(character) : is_lower(c) ? upper(character) : std::string(character);
  }
  return out;
}

std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> of) {
  const std::u32string set = of ? to_code_points(*of) : std::u32string();
  const auto goes = [&](char32_t c) {
    return of ? set.find(c) != std::u32string::npos : is_space(c);
  };
  if (side != Side::Right) {
    while (!text.empty()) {
      const auto size = sequence_size(static_cast<unsigned char>(text[0]));
      if (!goes(to_code_points(text.substr(0, size))[0])) break;
      text.remove_prefix(std::min(size, text.size()));
    }
  }
  if (side != Side::Left) {
    while (!text.empty()) {
      const auto [c, size] = last_code_point(text);
      if (!goes(c)) break;
      text.remove_suffix(size);
    }
  }
  return text;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t start = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = sequence_size(static_cast<unsigned char>(text[at]));
    const auto c = to_code_points(text.substr(at, size))[0];
    if (!is_line_end(c)) {
      at += size;
      continue;
    }
    const std::size_t end = at;
    at += size;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(start, (keep_ends ? at : end) - start));
    start = at;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               std::int64_t splits_max, bool from_right) {
  if (!separator) {
    return from_right && splits_max >= 0 ? split_space_right(text, splits_max)
                                         : split_space(text, splits_max);
  }
  if (separator->empty()) raise("empty separator");
  std::vector<std::string> parts;
  while (splits_max < 0 || static_cast<std::int64_t>(parts.size()) < splits_max) {
    const auto at = from_right ? text.rfind(*separator) : text.find(*separator);
    if (at == text.npos) break;
    if (from_right) {
      parts.emplace_back(text.substr(at + separator->size()));
      text = text.substr(0, at);
    } else {
      parts.emplace_back(text.substr(0, at));
      text = text.substr(at + separator->size());
    }
  }
  parts.emplace_back(text);
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    std::int64_t count) {
  std::string out;
  std::size_t at = 0;
  if (old.empty()) {  // between all characters, and at both ends
    for (const auto character : characters(text)) {
      if (count != 0) {
        out += with;
        --count;
      }
      out += character;
    }
    if (count != 0) out += with;
    return out;
  }
  while (count != 0) {
    const auto found = text.find(old, at);
    if (found == text.npos) break;
    out += text.substr(at, found - at);
    out += with;
    at = found + old.size();
    --count;
  }
  out += text.substr(at);
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

SliceRange slice_range(std::int64_t size, std::optional<std::int64_t> start,
                       std::optional<std::int64_t> stop, std::int64_t step) {
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = step > 0 ? size : size - 1;
  const auto bound = [&](std::int64_t at) {
    if (at < 0) return std::max(at + size, low);
    return std::min(at, high);
  };
  const std::int64_t from = start ? bound(*start) : (step > 0 ? low : high);
  const std::int64_t to = stop ? bound(*stop) : (step > 0 ? high : low);
  std::int64_t count = 0;
  // step may be as small as the smallest integer, whose negation overflows
  if (step > 0 && to > from) count = (to - from - 1) / step + 1;
  if (step < 0 && from > to) count = (to - from + 1) / step + 1;
  return {from, step, count};
}

}  // namespace inference::jinja
