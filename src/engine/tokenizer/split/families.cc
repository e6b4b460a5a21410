#include "engine/tokenizer/split/families.h"

#include <string_view>

#include "engine/tokenizer/split/deepseek.h"
#include "engine/tokenizer/split/words.h"

namespace engine::tokenizer {
namespace {

bool is_one_of(char32_t c, std::u32string_view set) {
  return set.find(c) != set.npos;
}

std::size_t skip_punctuation(const Piece& piece, std::size_t i, std::u32string_view symbols) {
  while (piece.is(i, kPunctuation) || is_one_of(piece.at(i), symbols)) ++i;
  return i;
}

// The end of `text` at `i`, or `i`.
std::size_t skip_text(const Piece& piece, std::size_t i, std::string_view text) {
  for (std::size_t k = 0; k < text.size(); ++k) {
    if (piece.at(i + k) != static_cast<unsigned char>(text[k])) return i;
  }
  return i + text.size();
}

bool is_han(char32_t c) {
  static constexpr Range kHan[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2EBEF},
                                   {0x2F800, 0x2FA1F}};
  return in_ranges(c, kHan);
}

}  // namespace

std::size_t match_punctuation(const Piece& piece, std::size_t i) {
  return skip_punctuation(piece, i, U"$+<=>^~|");
}

std::size_t match_falcon_punctuation(const Piece& piece, std::size_t i) {
  return skip_punctuation(piece, i, U"$+<=>^~|`");
}

std::size_t match_line(const Piece& piece, std::size_t i) {
  const bool newlines = piece.points[i] == '\n';
  return skip_while(piece, i, [&](char32_t c) { return (c == '\n') == newlines; });
}

std::size_t match_bloom(const Piece& piece, std::size_t i) {
  const auto is_word = [&](std::size_t at) {
    return piece.is_not(at, kSpace) &&
           !is_one_of(piece.at(at), U"(|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)");
  };
  std::size_t end = i + (piece.at(i) == ' ');
  if (!is_word(end)) return i;
  while (is_word(end)) ++end;
  return end;
}

std::size_t match_chameleon_sentinel(const Piece& piece, std::size_t i) {
  const std::size_t digits = skip_text(piece, i, "<sentinel:");
  if (digits == i) return i;
  const std::size_t end = skip_while(piece, digits, is_ascii_digit);
  return end > digits && piece.at(end) == '>' ? end + 1 : i;
}

std::size_t match_chameleon_image(const Piece& piece, std::size_t i) {
  const std::size_t letters = skip_text(piece, i, "IMGIMG");
  if (letters == i) return i;
  std::size_t end = letters;
  while (end < letters + 4 && piece.at(end) >= 'A' && piece.at(end) <= 'I') ++end;
  return end > letters && piece.at(end) == 'Z' ? end + 1 : i;
}

std::size_t match_chameleon_indent(const Piece& piece, std::size_t i) {
  const char32_t c = piece.at(i);
  if (c == '\t' || c == '\n') return i + 1;
  const std::size_t four = skip_text(piece, i, "    ");
  return four != i ? four : skip_text(piece, i, "  ");
}

std::size_t match_chameleon_punctuation(const Piece& piece, std::size_t i) {
  return i + (piece.is(i, kPunctuation) || is_ascii_punctuation(piece.at(i)));
}

std::size_t match_youtu_scripts(const Piece& piece, std::size_t i) {
  static constexpr Range kHangul[] = {{0x3131, 0x318E}, {0xAC00, 0xD7A3}};
  static constexpr Range kWide[] = {{0x2014, 0x2014}, {0x2018, 0x2019}, {0x201C, 0x201D},
                                    {0x2026, 0x2026}, {0x3001, 0x303F}, {0xFE30, 0xFE4F},
                                    {0xFF01, 0xFF01}, {0xFF0C, 0xFF0C}, {0xFF1A, 0xFF1B}};
  const auto run = [&](auto is_member) { return skip_while(piece, i, is_member); };
  if (const auto end = run([](char32_t c) { return in_ranges(c, kHangul); }); end != i) return end;
  if (const auto end = run([](char32_t c) { return in_ranges(c, kWide); }); end != i) return end;
  if (const auto end = run([](char32_t c) { return c >= 0x3105 && c <= 0x312F; }); end != i) {
    return end;
  }
  return match_han_and_kana(piece, i);
}

std::size_t match_kimi(const Piece& piece, std::size_t i) {
  if (is_han(piece.at(i))) return skip_while(piece, i, is_han);
  const auto is_letter = [&](std::size_t at) {
    return piece.is(at, kLetter) && !is_han(piece.points[at]);
  };
  const bool prefixed = !piece.is(i, kLetter | kNumber) && !is_newline(piece.at(i));
  std::size_t end = i + (prefixed && is_letter(i + 1));
  if (is_letter(end)) {
    while (is_letter(end)) ++end;
    return skip_contraction(piece, end);
  }
  // No word starts here: nothing but the numbers, punctuation and white space of the pattern fits.
  return match_word<WordRule{.contractions = false, .letters = 0}>(piece, i);
}

}  // namespace engine::tokenizer
