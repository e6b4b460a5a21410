// The patterns that most byte-level models cut words with: variations on GPT-2's
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// and on GPT-4's
//   (?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//   ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
#pragma once

#include <cstddef>

#include "engine/tokenizer/split/characters.h"

namespace engine::tokenizer {

// GPT-2's.
std::size_t match_gpt2(const Piece& piece, std::size_t i);

// What follows a run of punctuation in the same piece.
enum class Tail { None, Newlines, NewlinesAndSlashes };

// How a pattern of GPT-4's kind differs from the others.
struct WordRule {
  bool contractions = true;      // (?i:'s|...) are words of their own
  unsigned letters = kLetter;    // what words are made of
  unsigned not_punctuation = 0;  // classes besides white space, letters and numbers that are not
  std::size_t digits_max = 3;    // numbers are cut into groups of this many
  Tail tail = Tail::Newlines;
};

template <WordRule rule>
std::size_t match_word(const Piece& piece, std::size_t i) {
  const char32_t c = piece.points[i];
  if (rule.contractions && c == '\'') {
    if (const std::size_t end = skip_contraction(piece, i); end != i) return end;
  }
  // [^\r\n\p{L}\p{N}]?\p{L}+
  if (!piece.is(i, kLetter | kNumber) && !is_newline(c) && piece.is(i + 1, rule.letters)) {
    return piece.skip(i + 1, rule.letters);
  }
  if (piece.is(i, rule.letters)) return piece.skip(i, rule.letters);
  // \p{N}{1,n}
  if (piece.is(i, kNumber)) {
    std::size_t end = i + 1;
    while (end < i + rule.digits_max && piece.is(end, kNumber)) ++end;
    return end;
  }
  //  ?[^\s\p{L}\p{N}]+ with its tail
  constexpr unsigned kNot = kSpace | kLetter | kNumber | rule.not_punctuation;
  std::size_t end = i + (c == ' ');
  if (piece.is_not(end, kNot)) {
    while (piece.is_not(end, kNot)) ++end;
    const auto is_tail = [](char32_t t) {
      return is_newline(t) || (rule.tail == Tail::NewlinesAndSlashes && t == '/');
    };
    return rule.tail == Tail::None ? end : skip_while(piece, end, is_tail);
  }
  return skip_space(piece, i, true);
}

// GPT-4o's words change between upper and lower case: runs without a-z, then runs without A-Z.
//   [^\r\n\p{L}\p{N}]?[upper]*[lower]+(?i:'s|...)?|[^\r\n\p{L}\p{N}]?[upper]+[lower]*(?i:'s|...)?
// where letters other than A-Z and a-z count as both. Returns `i` when there is no word here.
struct CasedRule {
  unsigned letters = kLetter;
  bool contractions = true;  // ... may end a word
  bool cased = true;         // false: upper and lower case make no difference
};
template <CasedRule rule>
std::size_t match_cased_word(const Piece& piece, std::size_t i) {
  const bool prefixed = !piece.is(i, kLetter | kNumber) && !is_newline(piece.points[i]) &&
                        piece.is(i + 1, rule.letters);
  const std::size_t start = i + prefixed;
  if (!piece.is(start, rule.letters)) return i;
  if (!rule.cased) return skip_contraction(piece, piece.skip(start, rule.letters));
  std::size_t end = start;
  std::size_t after_neutral = start;  // behind the last letter that is neither A-Z nor a-z
  while (piece.is(end, rule.letters) && !is_ascii_lower(piece.points[end])) {
    if (!is_ascii_upper(piece.points[end])) after_neutral = end + 1;
    ++end;
  }
  if (piece.is(end, rule.letters)) {
    while (piece.is(end, rule.letters) && !is_ascii_upper(piece.points[end])) ++end;
  } else if (after_neutral > start) {
    // No a-z follows: the pattern gives back A-Z until its second half has a letter to take.
    end = after_neutral;
  }
  return rule.contractions ? skip_contraction(piece, end) : end;
}

// A pattern of GPT-4o's kind: cased words, then as match_word.
template <CasedRule cased, WordRule rule>
std::size_t match_cased(const Piece& piece, std::size_t i) {
  const std::size_t end = match_cased_word<cased>(piece, i);
  return end != i ? end : match_word<rule>(piece, i);
}

}  // namespace engine::tokenizer
