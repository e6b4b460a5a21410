#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {
namespace {

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t found = text.find(from, at);
    if (found == std::string_view::npos) {
      out.append(text.substr(at));
      break;
    }
    out.append(text.substr(at, found - at)).append(to);
    at = found + from.size();
  }
  return out;
}

}  // namespace

DecodedPoint decode_point(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC0 || lead >= 0xF8) return {};
  const std::size_t size = claimed_size(text[offset]);
  if (size > text.size() - offset) return {};
  char32_t point = lead & (0xFF >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    point = (point << 6) | (byte(i) & 0x3F);
  }
  if (point > 0x10FFFF) return {};
  return {point, size, true};
}

void append_utf8(std::string& out, char32_t point) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3F)));
  };
  switch (utf8_size(point)) {
    case 1: out.push_back(static_cast<char>(point)); return;
    case 2: out.push_back(static_cast<char>(0xC0 | (point >> 6))); break;
    case 3:
      out.push_back(static_cast<char>(0xE0 | (point >> 12)));
      tail(6);
      break;
    default:
      out.push_back(static_cast<char>(0xF0 | (point >> 18)));
      tail(12);
      tail(6);
  }
  tail(0);
}

std::string escape_spaces(std::string_view text) {
  return replaced(text, " ", kEscapedSpace);
}
std::string unescape_spaces(std::string_view text) {
  return replaced(text, kEscapedSpace, " ");
}

}  // namespace engine::tokenizer
