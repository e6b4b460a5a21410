#include "inference/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "inference/jinja/python_text.h"
#include "inference/jinja/value.h"

namespace inference::jinja {
namespace {

constexpr std::array<std::string_view, 6> two_character_operators = {
    "//", "**", "==", "!=", ">=", "<="};
constexpr std::string_view one_character_operators = "+-/*%~[](){}><=.:|,;";

// Line ends become \n, and one at the very end is dropped.
std::string normalise(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
      continue;
    }
    out += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_digit_at(std::string_view text, std::size_t at) {
  return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]));
}

// The end of digits with single underscores between them.
std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (is_digit_at(text, at) || (at < text.size() && text[at] == '_' && at > 0 &&
                                   is_digit_at(text, at - 1) && is_digit_at(text, at + 1))) {
    ++at;
  }
  return at;
}

void append_escape(std::string& out, std::string_view text, std::size_t& at) {
  static constexpr std::string_view letters = "abfnrtv\\'\"";
  static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
  const char c = text[at++];
  if (c == '\n') return;  // a line that goes on
  if (const auto found = letters.find(c); found != letters.npos) {
    out += meanings[found];
    return;
  }
  std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  int base = 16;
  std::size_t from = at;
  if (c >= '0' && c <= '7') {
    base = 8;
    from = at - 1;
    digits = 1;
    while (digits < 3 && from + digits < text.size() && text[from + digits] >= '0' &&
           text[from + digits] <= '7')
      ++digits;
  }
  if (digits == 0) {  // unknown: stays as it is written
    out += '\\';
    out += c;
    return;
  }
  std::uint32_t code_point = 0;
  const char* end = text.data() + std::min(from + digits, text.size());
  const auto parsed = std::from_chars(text.data() + from, end, code_point, base);
  if (parsed.ptr != text.data() + from + digits) raise("malformed escape in a string");
  append_code_point(out, code_point);
  at = from + digits;
}

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) outside();
    emit(Token::Kind::End, {});
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool at_text(std::string_view text) const { return rest().starts_with(text); }

  void emit(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), line_});
  }

  void advance(std::size_t count) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(at_ + count),
                                         '\n'));
    at_ += count;
    if (count) line_starting_ = source_[at_ - 1] == '\n';
  }

  void skip_space() { advance(rest().size() - strip(rest(), Side::Left).size()); }

  // The text before a tag that begins at `end`, after white space control by the tag's sign.
  void emit_text(std::size_t end, char sign, bool is_print) {
    std::string_view text = std::string_view(source_).substr(at_, end - at_);
    if (sign == '-') {
      text = strip(text, Side::Right);
    } else if (sign != '+' && !is_print) {
      const auto newline = text.rfind('\n');
      const std::size_t line_at = newline == text.npos ? 0 : newline + 1;
      const bool begins_line = newline != text.npos || line_starting_;
      if (begins_line && strip(text.substr(line_at), Side::Both).empty()) {
        text = text.substr(0, line_at);
      }
    }
    if (!text.empty()) emit(Token::Kind::Text, std::string(text));
    advance(end - at_);
  }

  static char sign_at(std::string_view text) {
    return !text.empty() && (text[0] == '-' || text[0] == '+') ? text[0] : ' ';
  }

  // The length of `{% NAME %}` at the start of `text`, 0 when something else stands there.
  static std::size_t tag_length(std::string_view text, std::string_view name, bool trims) {
    if (!text.starts_with("{%")) return 0;
    std::string_view inner = text.substr(2);
    if (sign_at(inner) != ' ') inner.remove_prefix(1);
    inner = strip(inner, Side::Left);
    if (!inner.starts_with(name)) return 0;
    inner = strip(inner.substr(name.size()), Side::Left);
    if (inner.starts_with("-%}")) {
      inner = strip(inner.substr(3), Side::Left);
    } else if (inner.starts_with("%}")) {
      inner.remove_prefix(2);
      if (trims && inner.starts_with('\n')) inner.remove_prefix(1);
    } else if (trims && inner.starts_with("+%}")) {
      inner.remove_prefix(3);
    } else {
      return 0;
    }
    return text.size() - inner.size();
  }

  void outside() {
    const auto found = find_tag();
    if (found == std::string::npos) {
      emit(Token::Kind::Text, source_.substr(at_));
      advance(source_.size() - at_);
      return;
    }
    const char opener = source_[found + 1];
    const char sign = sign_at(std::string_view(source_).substr(found + 2));
    emit_text(found, sign, opener == '{');
    if (opener == '#') return comment();
    if (const auto raw = tag_length(rest(), "raw", false); opener == '%' && raw) {
      advance(raw);
      return raw_text();
    }
    emit(opener == '{' ? Token::Kind::PrintBegin : Token::Kind::BlockBegin, {});
    advance(sign == ' ' ? 2 : 3);
    inside(opener == '%');
  }

  std::size_t find_tag() const {
    for (auto found = source_.find('{', at_); found != std::string::npos;
         found = source_.find('{', found + 1)) {
      if (found + 1 >= source_.size()) break;
      const char next = source_[found + 1];
      if (next == '{' || next == '%' || next == '#') return found;
    }
    return std::string::npos;
  }

  void comment() {
    const auto end = source_.find("#}", at_ + 2);
    if (end == std::string::npos)
      raise("line " + std::to_string(line_) + ": a comment does not end");
    const char sign = end > at_ + 2 ? source_[end - 1] : ' ';
    advance(end + 2 - at_);
    end_tag(sign, true);
  }

  // White space after a tag whose end had this sign.
  void end_tag(char sign, bool trims_newline) {
    if (sign == '-') {
      skip_space();
    } else if (trims_newline && sign != '+' && at_text("\n")) {
      advance(1);
    }
  }

  void raw_text() {
    for (auto found = source_.find("{%", at_); found != std::string::npos;
         found = source_.find("{%", found + 2)) {
      const auto tag = std::string_view(source_).substr(found);
      const auto size = tag_length(tag, "endraw", true);
      if (!size) continue;
      emit_text(found, sign_at(tag.substr(2)), false);
      advance(size);
      return;
    }
    raise("line " + std::to_string(line_) + ": a raw block does not end");
  }

  // Tokens of a tag up to its end.
  void inside(bool is_block) {
    const std::string_view close = is_block ? "%}" : "}}";
    std::string open_brackets;
    for (;;) {
      skip_space();
      if (rest().empty()) raise("line " + std::to_string(line_) + ": a tag does not end");
      if (open_brackets.empty()) {
        const char sign = sign_at(rest());
        const bool has_sign = sign == '-' || (sign == '+' && is_block);
        if (rest().substr(has_sign ? 1 : 0).starts_with(close)) {
          emit(is_block ? Token::Kind::BlockEnd : Token::Kind::PrintEnd, {});
          advance(close.size() + (has_sign ? 1 : 0));
          return end_tag(has_sign ? sign : ' ', is_block);
        }
      }
      token(open_brackets);
    }
  }

  void token(std::string& open_brackets) {
    const char c = rest()[0];
    if (is_digit_at(rest(), 0)) return number();
    if (c == '"' || c == '\'') return string(c);
    if (const auto size = name_size()) {
      emit(Token::Kind::Name, source_.substr(at_, size));
      return advance(size);
    }
    const bool is_double = std::find(two_character_operators.begin(), two_character_operators.end(),
                                     rest().substr(0, 2)) != two_character_operators.end();
    if (!is_double && one_character_operators.find(c) == std::string_view::npos) {
      raise("line " + std::to_string(line_) + ": unexpected character '" +
            std::string(characters(rest().substr(0, 4))[0]) + "'");
    }
    if (!is_double) balance(c, open_brackets);
    emit(Token::Kind::Operator, std::string(rest().substr(0, is_double ? 2 : 1)));
    advance(is_double ? 2 : 1);
  }

  void balance(char c, std::string& open_brackets) {
    static constexpr std::string_view openers = "([{";
    static constexpr std::string_view closers = ")]}";
    if (openers.find(c) != std::string_view::npos) open_brackets += c;
    const auto closer = closers.find(c);
    if (closer == std::string_view::npos) return;
    if (open_brackets.empty() || open_brackets.back() != openers[closer]) {
      raise("line " + std::to_string(line_) + ": unexpected '" + c + "'");
    }
    open_brackets.pop_back();
  }

  std::size_t name_size() const {
    std::size_t size = 0;
    for (std::size_t i = at_; i < source_.size();) {
      const auto byte = static_cast<unsigned char>(source_[i]);
      const std::size_t width = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      const auto c = to_code_points(std::string_view(source_).substr(i, width))[0];
      if (!is_word(c)) break;
      i += width;
      size = i - at_;
    }
    return size;
  }

  void number() {
    const auto text = rest();
    std::size_t end = 0;
    const char letter = text.size() > 1 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : ' ';
    if (letter == 'x' || letter == 'o' || letter == 'b') {
      end = 2;
      while (end < text.size() &&
             (std::isxdigit(static_cast<unsigned char>(text[end])) || text[end] == '_'))
        ++end;
      emit(Token::Kind::Integer, std::string(text.substr(0, end)));
      return advance(end);
    }
    end = skip_digits(text, 0);
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    std::size_t float_end = end;
    if (!after_dot) {
      if (float_end < text.size() && text[float_end] == '.' && is_digit_at(text, float_end + 1)) {
        float_end = skip_digits(text, float_end + 1);
      }
      if (float_end < text.size() && (text[float_end] | 0x20) == 'e') {
        std::size_t exponent = float_end + 1;
        if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
        if (is_digit_at(text, exponent)) float_end = skip_digits(text, exponent);
      }
    }
    const bool is_float = float_end > end;
    emit(is_float ? Token::Kind::Float : Token::Kind::Integer,
         std::string(text.substr(0, float_end)));
    advance(float_end);
  }

  void string(char quote) {
    const int line = line_;
    std::string content;
    const std::string_view source = source_;
    std::size_t at = at_ + 1;
    for (;;) {
      if (at >= source.size()) raise("line " + std::to_string(line) + ": a string does not end");
      const char c = source[at++];
      if (c == quote) break;
      if (c != '\\') {
        content += c;
      } else if (at < source.size()) {
        append_escape(content, source, at);
      }
    }
    emit(Token::Kind::String, std::move(content));
    advance(at - at_);
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // the last thing consumed ended a line
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(normalise(source)).run();
}

}  // namespace inference::jinja
