#include "engine/tokenizer/word_piece.h"

#include "engine/tokenizer/split/text.h"
#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {
namespace {

// Characters that are words of their own, as BERT's normaliser lists them (its extension E begins
// late, at U+2B920).
bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) ||
         (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

}  // namespace

WordPiece::WordPiece(const Vocabulary& vocabulary, Normalizer normalizer)
    : normalizer_(normalizer), unknown_(vocabulary.special().unknown) {
  for (TokenId id = 0; vocabulary.has(id); ++id) tokens_.insert(vocabulary[id].text, id);
}

void WordPiece::encode(std::string_view text, bool, std::vector<TokenId>& out) const {
  for (const std::string& word : words_of(text, normalizer_)) encode_word(word, out);
}

std::vector<std::string> WordPiece::words_of(std::string_view text, Normalizer normalizer) {
  const ClassTable& classes = ClassTable::get();
  std::vector<std::string> words;
  bool in_word = false;  // the last word may grow
  const Text points(text);
  for (std::size_t i = 0; i < points.size(); ++i) {
    char32_t c = points.points()[i];
    if (normalizer.strip_accents) c = c < 0x80 ? c : without_accents(c);
    const unsigned set = classes.of(c);
    if (set & kSpace) {
      in_word = false;
      continue;
    }
    const bool invisible = c == 0 || c == kReplacement || (set & kControlCharacter);
    if (invisible || (normalizer.strip_accents && (set & kMark))) continue;
    const bool alone = (set & kPunctuation) || (c < 0x7F && (set & kSymbol)) || is_ideograph(c);
    if (!in_word || alone) words.emplace_back();
    append_utf8(words.back(), normalizer.lowercase ? to_lower(c) : c);
    in_word = !alone;
  }
  return words;
}

void WordPiece::encode_word(std::string_view word, std::vector<TokenId>& out) const {
  const std::string marked = std::string(kEscapedSpace).append(word);
  const std::size_t before = out.size();
  for (std::size_t at = 0; at < marked.size();) {
    const Trie::Match match = tokens_.longest_prefix(std::string_view(marked).substr(at));
    if (match.size == 0) {
      // A word that tokens cannot spell to its end is unknown as a whole.
      out.resize(before);
      if (unknown_ != kNoToken) out.push_back(unknown_);
      return;
    }
    out.push_back(match.value);
    at += match.size;
  }
}

}  // namespace engine::tokenizer
