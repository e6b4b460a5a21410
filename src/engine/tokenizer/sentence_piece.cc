#include "engine/tokenizer/sentence_piece.h"

#include <algorithm>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "engine/tokenizer/trie.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/word_cache.h"

namespace engine::tokenizer {
namespace {

// Whether `text` is one character, as the encoder cuts text into characters.
bool is_character(std::string_view text) {
  return claimed_size(text[0]) == text.size();
}

// Scores as ranks: the best score is rank 0, equal scores are equal ranks.
std::vector<std::uint32_t> ranks_of(const Vocabulary& vocabulary) {
  std::vector<float> scores;
  for (TokenId id = 0; vocabulary.has(id); ++id) scores.push_back(vocabulary[id].score);
  std::vector<float> sorted = scores;
  std::ranges::sort(sorted, std::greater<>());
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  std::vector<std::uint32_t> ranks;
  for (const float score : scores) {
    const auto at = std::ranges::lower_bound(sorted, score, std::greater<>());
    ranks.push_back(static_cast<std::uint32_t>(at - sorted.begin()));
  }
  return ranks;
}

bool has_space_later(std::string_view text) {
  bool other_before = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, claimed_size(text[at]));
    const bool space = character == kEscapedSpace;
    if (space && other_before) return true;
    other_before = other_before || !space;
    at += character.size();
  }
  return false;
}

// A token merges from any two symbols that spell it, where a symbol is a token or one character.
// Two tries, of the tokens and of the tokens reversed, find all such pairs of a token in time
// linear in its length.
MergeEncoder::Rules merges_of(const Vocabulary& vocabulary) {
  Trie forward;
  Trie backward;
  for (TokenId id = 0; vocabulary.has(id); ++id) {
    const std::string_view text = vocabulary[id].text;
    forward.insert(text, id);
    backward.insert(std::string(text.rbegin(), text.rend()), id);
  }
  MergeEncoder::Rules rules{.alphabet = MergeEncoder::Alphabet::Characters,
                            .symbols = SymbolTable(vocabulary),
                            .merges = MergeTable(vocabulary.size() * 2)};
  rules.spaces_start_words = true;
  const std::vector<std::uint32_t> ranks = ranks_of(vocabulary);
  std::vector<Symbol> tails;  // tails[i]: the symbol that text.substr(i) is
  for (TokenId id = 0; vocabulary.has(id); ++id) {
    const std::string_view text = vocabulary[id].text;
    tails.assign(text.size(), SymbolTable::kNone);
    Trie::Node node = Trie::kRoot;
    for (std::size_t i = text.size(); i-- > 1;) {
      if (node != Trie::kNone) node = backward.step(node, text[i]);
      if (node != Trie::kNone && backward.value(node) != Trie::kNoValue) {
        tails[i] = backward.value(node);
      } else if (is_character(text.substr(i))) {
        tails[i] = rules.symbols.add(text.substr(i));
      }
    }
    node = Trie::kRoot;
    bool merges = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (node != Trie::kNone) node = forward.step(node, text[i - 1]);
      Symbol head = node == Trie::kNone ? SymbolTable::kNone : forward.value(node);
      const std::string_view head_text = text.substr(0, i);
      if (head == Trie::kNoValue && is_character(head_text)) head = rules.symbols.add(head_text);
      if (head < 0 || tails[i] < 0) continue;
      rules.merges.add(head, tails[i], ranks[static_cast<std::size_t>(id)], id);
      merges = true;
    }
    if (merges && has_space_later(text)) rules.spaces_start_words = false;
  }
  return rules;
}

MergeEncoder encoder_of(const Vocabulary& vocabulary) {
  MergeEncoder::Rules rules = merges_of(vocabulary);
  for (std::size_t byte = 0; byte < rules.byte_tokens.size(); ++byte) {
    TokenId& token = rules.byte_tokens[byte];
    token = vocabulary.find(fmt::format("<0x{:02X}>", byte));
    if (token == kNoToken) token = vocabulary.find(std::string(1, static_cast<char>(byte)));
    if (token == kNoToken) token = vocabulary.special().unknown;
  }
  return MergeEncoder(vocabulary, std::move(rules));
}

}  // namespace

SentencePiece::SentencePiece(const Vocabulary& vocabulary, bool space_prefix)
    : space_prefix_(space_prefix), merger_(encoder_of(vocabulary)) {}

void SentencePiece::encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const {
  std::string escaped = escape_spaces(text);
  if (space_prefix_ && at_start) escaped.insert(0, kEscapedSpace);
  WordCache cache(escaped.size());
  MergeEncoder::Scratch scratch;
  const auto encode_word = [&](std::string_view word) { merger_.encode(word, out, scratch); };
  merger_.for_each_word(escaped,
                        [&](std::string_view word) { cache.append(word, out, encode_word); });
}

}  // namespace engine::tokenizer
