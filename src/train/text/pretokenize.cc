#include "train/text/pretokenize.h"

#include <array>
#include <cstdint>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace train {

namespace {

enum class Kind { Letter, Number, Space, Other };

struct Mark {
  std::size_t at = 0;  // first byte of the character
  Kind kind = Kind::Other;
};

Kind kind_of(UChar32 character) {
  if (character < 0) return Kind::Other;
  const auto mask = U_GET_GC_MASK(character);
  if (mask & U_GC_L_MASK) return Kind::Letter;
  if (mask & U_GC_N_MASK) return Kind::Number;
  return u_isUWhiteSpace(character) ? Kind::Space : Kind::Other;
}

std::vector<Mark> marks_of(std::string_view text) {
  std::vector<Mark> marks;
  marks.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  std::int64_t i = 0;
  while (i < size) {
    const auto at = static_cast<std::size_t>(i);
    UChar32 character;
    U8_NEXT(bytes, i, size, character);
    marks.push_back({at, kind_of(character)});
  }
  return marks;
}

// Length in bytes of an English ending at `text`: 's 't 're 've 'm 'll 'd; 0 when there is none.
std::size_t ending_length(std::string_view text) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  return 0;
}

}  // namespace

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::vector<std::string_view> pretokenize(std::string_view text) {
  const std::vector<Mark> marks = marks_of(text);
  const std::size_t n = marks.size();
  const auto byte_of = [&](std::size_t i) { return i < n ? marks[i].at : text.size(); };
  std::vector<std::string_view> pieces;
  std::size_t i = 0;
  while (i < n) {
    std::size_t end = i;
    if (const std::size_t ending = ending_length(text.substr(marks[i].at)); ending > 0) {
      end = i + ending;  // the endings are ASCII: one byte, one character
    } else {
      const bool space_first = text[marks[i].at] == ' ';
      const std::size_t body = space_first ? i + 1 : i;
      if (body < n && marks[body].kind != Kind::Space) {
        end = body;
        while (end < n && marks[end].kind == marks[body].kind) ++end;
      } else {
        while (end < n && marks[end].kind == Kind::Space) ++end;
        if (end < n && end - i > 1) --end;  // the last space belongs to the word that follows
      }
    }
    pieces.push_back(text.substr(marks[i].at, byte_of(end) - marks[i].at));
    i = end;
  }
  return pieces;
}

std::string printable_bytes(std::string_view bytes) {
  static const auto stand_ins = [] {
    std::array<std::string, 256> table;
    int next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      const int character = printable ? byte : next++;
      std::string& text = table[std::size_t(byte)];
      if (character < 0x80) {
        text.push_back(static_cast<char>(character));
      } else {
        text.push_back(static_cast<char>(0xC0 | (character >> 6)));
        text.push_back(static_cast<char>(0x80 | (character & 0x3F)));
      }
    }
    return table;
  }();
  std::string out;
  for (const char byte : bytes) out += stand_ins[static_cast<std::uint8_t>(byte)];
  return out;
}

}  // namespace train
