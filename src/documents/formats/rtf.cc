// Rich Text Format 1.9: the text between the control words.
#include <algorithm>
#include <array>
#include <vector>

#include "base/encoding.h"
#include "base/limits/document.h"
#include "documents/encoding.h"
#include "documents/formats/formats.h"

namespace documents {
namespace {

constexpr std::size_t kGroupsMax = 1'000;

// Groups whose contents are no text of the document.
bool is_hidden_group(std::string_view word) {
  static constexpr std::array<std::string_view, 15> kHidden{
      "fonttbl", "colortbl",  "stylesheet", "info",    "pict",
      "header",  "footer",    "headerl",    "headerr", "footerl",
      "footerr", "listtable", "generator",  "object",  "themedata"};
  for (const auto each : kHidden) {
    if (each == word) return true;
  }
  return false;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

struct ControlWord {
  std::string_view word;
  int value = 0;
  bool has_value = false;
};

class RtfText {
 public:
  RtfText(std::string_view rtf, Writer& writer) : rest_(rtf), writer_(writer) {}

  Status read() {
    while (!rest_.empty() && !writer_.full()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '{') {
        if (groups_.size() >= kGroupsMax)
          return fail(ErrorCode::InvalidRequest,
                      "The file could not be parsed: its groups are nested too deeply.");
        groups_.push_back(groups_.empty() ? Group{} : groups_.back());
      } else if (c == '}') {
        if (!groups_.empty()) groups_.pop_back();
      } else if (c == '\\') {
        control();
      } else if (c != '\r' && c != '\n') {
        add_byte(c);
      }
    }
    flush();
    return {};
  }

 private:
  struct Group {
    bool hidden = false;
    int fallback_bytes = 1;  // characters after \u that older readers show instead
  };

  void control() {
    if (rest_.empty()) return;
    const char c = rest_.front();
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) return word(take_word());
    rest_.remove_prefix(1);
    switch (c) {
      case '\'': {
        const auto hex = rest_.substr(0, 2);
        rest_.remove_prefix(hex.size());
        unsigned value = 0;
        for (const char digit : hex) value = value * 16 + hex_value(digit);
        add_byte(static_cast<char>(value));
        break;
      }
      case '\\':
      case '{':
      case '}': add_byte(c); break;
      case '~': add_byte(' '); break;
      case '_': add_byte('-'); break;
      case '*':
        if (!groups_.empty()) groups_.back().hidden = true;
        break;
      case '\n':
      case '\r': paragraph(); break;
      default: break;
    }
  }

  static unsigned hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return 0;
  }

  ControlWord take_word() {
    std::size_t n = 0;
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    while (n < rest_.size() && n < 32 && is_letter(rest_[n])) ++n;
    ControlWord out{.word = rest_.substr(0, n)};
    rest_.remove_prefix(n);
    const bool negative = rest_.starts_with('-');
    if (negative) rest_.remove_prefix(1);
    int digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && digits < 9) {
      out.value = out.value * 10 + (rest_.front() - '0');
      out.has_value = true;
      rest_.remove_prefix(1);
      ++digits;
    }
    if (negative) out.value = -out.value;
    if (rest_.starts_with(' ')) rest_.remove_prefix(1);
    return out;
  }

  void word(const ControlWord& control) {
    const auto name = control.word;
    if (is_hidden_group(name)) {
      if (!groups_.empty()) groups_.back().hidden = true;
    } else if (name == "par" || name == "row" || name == "sect") {
      paragraph();
    } else if (name == "line") {
      flush();
      writer_.line_break();
    } else if (name == "page") {
      flush();
      writer_.paragraph();
    } else if (name == "tab") {
      add_byte('\t');
    } else if (name == "cell") {
      for (const char c : std::string_view(" | ")) add_byte(c);
    } else if (name == "emdash" || name == "endash") {
      add_character(name == "emdash" ? 0x2014 : 0x2013);
    } else if (name == "lquote" || name == "rquote") {
      add_character(name == "lquote" ? 0x2018 : 0x2019);
    } else if (name == "ldblquote" || name == "rdblquote") {
      add_character(name == "ldblquote" ? 0x201C : 0x201D);
    } else if (name == "bullet") {
      add_character(0x2022);
    } else if (name == "ansicpg" && control.value > 0) {
      code_page_ = "windows-" + std::to_string(control.value);
    } else if (name == "uc" && !groups_.empty()) {
      groups_.back().fallback_bytes = std::clamp(control.value, 0, 16);
    } else if (name == "u" && control.has_value) {
      unicode(control.value);
    } else if (name == "bin" && control.value > 0) {
      rest_.remove_prefix(std::min(rest_.size(), static_cast<std::size_t>(control.value)));
    }
  }

  void unicode(int value) {
    const auto unit = static_cast<char32_t>(value < 0 ? value + 65536 : value) & 0xFFFF;
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_surrogate_ = unit;
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      add_character(high_surrogate_ ? 0x10000 + ((high_surrogate_ - 0xD800) << 10) + (unit - 0xDC00)
                                    : 0xFFFD);
      high_surrogate_ = 0;
    } else {
      add_character(unit);
    }
    skip_ = groups_.empty() ? 1 : groups_.back().fallback_bytes;
  }

  bool hidden() const { return !groups_.empty() && groups_.back().hidden; }

  void add_character(char32_t c) {
    if (hidden()) return;
    flush();
    std::string utf8;
    append_utf8(utf8, c);
    writer_.text(utf8);
  }

  void add_byte(char c) {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    if (!hidden()) bytes_ += c;
  }

  void paragraph() {
    if (hidden()) return;
    flush();
    writer_.paragraph();
  }

  // Bytes wait here until they can be converted together.
  void flush() {
    if (bytes_.empty()) return;
    std::string utf8;
    if (!convert_charset(bytes_, code_page_, utf8)) utf8 = base::utf8_repair(bytes_);
    writer_.text(utf8);
    bytes_.clear();
  }

  std::string_view rest_;
  Writer& writer_;
  std::vector<Group> groups_;
  std::string bytes_;
  std::string code_page_ = "windows-1252";
  char32_t high_surrogate_ = 0;
  int skip_ = 0;
};

}  // namespace

Result<Document> read_rtf(std::string_view bytes) {
  Writer writer;
  if (auto status = RtfText(bytes, writer).read(); !status) return fail(status.error());
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return std::move(writer).finish();
}

}  // namespace documents
