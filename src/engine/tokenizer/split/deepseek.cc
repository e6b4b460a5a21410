#include "engine/tokenizer/split/deepseek.h"

namespace engine::tokenizer {
namespace {

// Latin, Greek, Cyrillic, Armenian, Georgian, Cherokee... as DeepSeek-LLM lists them.
constexpr Range kAlphabets[] = {
    {0x41, 0x5A},       {0x61, 0x7A},       {0xB5, 0xB5},       {0xC0, 0xD6},
    {0xD8, 0xF6},       {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},
    {0x295, 0x2AF},     {0x370, 0x373},     {0x376, 0x377},     {0x37B, 0x37D},
    {0x37F, 0x37F},     {0x386, 0x386},     {0x388, 0x38A},     {0x38C, 0x38C},
    {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},     {0x48A, 0x52F},
    {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},
    {0x1C90, 0x1CBA},   {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},
    {0x1D79, 0x1D9A},   {0x1E00, 0x1F15},   {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},
    {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},   {0x1F59, 0x1F59},   {0x1F5B, 0x1F5B},
    {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},   {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},
    {0x1FD6, 0x1FDB},   {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},
    {0x2102, 0x2102},   {0x2107, 0x2107},   {0x210A, 0x2113},   {0x2115, 0x2115},
    {0x2119, 0x211D},   {0x2124, 0x2124},   {0x2126, 0x2126},   {0x2128, 0x2128},
    {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},   {0x213C, 0x213F},
    {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2184},   {0x2C00, 0x2C7B},
    {0x2C7E, 0x2CE4},   {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF3},   {0xA640, 0xA66D},
    {0xA680, 0xA69B},   {0xA722, 0xA76F},   {0xA771, 0xA787},   {0xA78B, 0xA78E},
    {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},   {0xFF21, 0xFF3A},
    {0xFF41, 0xFF5A},   {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB},
    {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2}, {0x118A0, 0x118DF}, {0x1E900, 0x1E943}};

// White space is no mark even where a range spans it (U+3000).
constexpr Range kMarks[] = {{'!', '/'},       {':', '~'},       {0x2018, 0x201F},
                            {0x3000, 0x3002}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E}};

constexpr Range kScriptRanges[] = {{0x0800, 0x9FA5}, {0xAC00, 0xD7FF}};

// The pattern means U+F900 to U+FAFF, but has U+8C48, which that character normalises to.
constexpr Range kAsianScripts[] = {{0x0E40, 0x0E7F}, {0x0E80, 0x0EFF}, {0x1000, 0x109F},
                                   {0x1100, 0x11FF}, {0x1780, 0x17FF}, {0x2F00, 0x2FDF},
                                   {0x3040, 0x309F}, {0x30A0, 0x30FF}, {0x3400, 0x4DBF},
                                   {0x4E00, 0xFAFF}, {0xFF65, 0xFF9F}};

// The reference spells \p{S} below U+0080 without the tilde.
bool is_mark_or_symbol(const Piece& piece, std::size_t i) {
  return piece.is(i, kPunctuation | kSymbol) && piece.points[i] != '~';
}

// \s?X+ for what `is_member(i)` holds.
template <class Member>
std::size_t spaced_run(const Piece& piece, std::size_t i, Member is_member) {
  std::size_t end = i + piece.is(i, kSpace);
  if (!is_member(end)) return i;
  while (is_member(end)) ++end;
  return end;
}

}  // namespace

std::size_t match_newline(const Piece& piece, std::size_t i) {
  return i + is_newline(piece.at(i));
}

std::size_t match_spaced_letters(const Piece& piece, std::size_t i) {
  return spaced_run(piece, i, [&](std::size_t at) { return piece.is(at, kLetter); });
}

std::size_t match_spaced_punctuation(const Piece& piece, std::size_t i) {
  return spaced_run(piece, i, [&](std::size_t at) { return piece.is(at, kPunctuation); });
}

std::size_t match_spaced_alphabet(const Piece& piece, std::size_t i) {
  return spaced_run(piece, i, [&](std::size_t at) { return in_ranges(piece.at(at), kAlphabets); });
}

std::size_t match_spaced_marks(const Piece& piece, std::size_t i) {
  return spaced_run(piece, i, [&](std::size_t at) {
    return piece.is_not(at, kSpace) && in_ranges(piece.at(at), kMarks);
  });
}

void isolate_space_at_end(const Piece& piece, Cuts& cuts) {
  std::size_t end = piece.end;
  while (end > piece.begin && piece.is(end - 1, kSpace)) --end;
  if (end > piece.begin) cuts.push_back(end);
  if (end < piece.end) cuts.push_back(piece.end);
}

std::size_t match_scripts(const Piece& piece, std::size_t i) {
  while (piece.is_not(i, kSpace) && in_ranges(piece.at(i), kScriptRanges)) ++i;
  return i;
}

std::size_t match_han_and_kana(const Piece& piece, std::size_t i) {
  return skip_while(piece, i, [](char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
  });
}

std::size_t match_asian_scripts(const Piece& piece, std::size_t i) {
  return skip_while(piece, i, [](char32_t c) { return in_ranges(c, kAsianScripts); });
}

std::size_t match_deepseek_v3(const Piece& piece, std::size_t i) {
  const char32_t c = piece.points[i];
  if (is_ascii_punctuation(c) && is_ascii_letter(piece.at(i + 1))) {
    return skip_while(piece, i + 1, is_ascii_letter);
  }
  constexpr unsigned kWord = kLetter | kMark;
  const bool prefix = !is_newline(c) && !piece.is(i, kLetter) && !is_mark_or_symbol(piece, i);
  if (prefix && piece.is(i + 1, kWord)) return piece.skip(i + 1, kWord);
  if (piece.is(i, kWord)) return piece.skip(i, kWord);
  std::size_t end = i + (c == ' ');
  if (is_mark_or_symbol(piece, end)) {
    while (is_mark_or_symbol(piece, end)) ++end;
    return skip_while(piece, end, is_newline);
  }
  return skip_space(piece, i, true);
}

}  // namespace engine::tokenizer
