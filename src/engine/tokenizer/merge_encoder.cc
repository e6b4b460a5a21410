#include "engine/tokenizer/merge_encoder.h"

#include <optional>
#include <string>
#include <utility>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {
namespace {

std::string_view character_at(std::string_view text, std::size_t at) {
  return text.substr(at, claimed_size(text[at]));
}

}  // namespace

MergeEncoder::MergeEncoder(const Vocabulary& vocabulary, Rules rules)
    : rules_(std::move(rules)), words_(vocabulary.size()) {
  for (std::size_t byte = 0; byte < byte_symbols_.size(); ++byte) {
    std::string text;
    if (rules_.alphabet == Alphabet::Bytes) {
      append_utf8(text, letter_of(static_cast<std::uint8_t>(byte)));
    } else {
      text.push_back(static_cast<char>(byte));
    }
    byte_symbols_[byte] = rules_.symbols.add(text);
  }
  unknown_ = rules_.symbols.end();
  index_words(vocabulary);
}

// Most words of a language are one token each. Merging the text of every token once finds out which
// are, and saves merging them again.
void MergeEncoder::index_words(const Vocabulary& vocabulary) {
  Scratch scratch;
  std::vector<TokenId> tokens;
  for (TokenId id = 0; vocabulary.has(id); ++id) {
    std::optional<std::string> word(vocabulary[id].text);
    if (rules_.alphabet == Alphabet::Bytes) word = decode_letters(*word);
    if (!word || (word->size() > WordKey::kBytesMax && !rules_.whole_words)) continue;
    tokens.clear();
    if (!rules_.whole_words) merge_word(*word, tokens, scratch);
    if (rules_.whole_words || (tokens.size() == 1 && tokens[0] == id)) words_.add(*word, id);
  }
}

void MergeEncoder::encode(std::string_view word, std::vector<TokenId>& out,
                          Scratch& scratch) const {
  if (const TokenId token = words_.find(word); token != kNoToken) {
    out.push_back(token);
  } else {
    merge_word(word, out, scratch);
  }
}

Symbol MergeEncoder::symbol_of(std::string_view character) const {
  if (character.size() == 1) return byte_symbols_[static_cast<unsigned char>(character[0])];
  const Symbol symbol = rules_.symbols.find(character);
  return symbol == SymbolTable::kNone ? unknown_ : symbol;
}

void MergeEncoder::merge_word(std::string_view word, std::vector<TokenId>& out,
                              Scratch& scratch) const {
  std::vector<Symbol>& symbols = scratch.symbols;
  symbols.clear();
  if (rules_.alphabet == Alphabet::Bytes) {
    for (const char byte : word) symbols.push_back(byte_symbols_[static_cast<unsigned char>(byte)]);
  } else {
    for (std::size_t at = 0; at < word.size();) {
      const std::string_view character = character_at(word, at);
      symbols.push_back(symbol_of(character));
      at += character.size();
    }
  }
  merge(rules_.merges, symbols, scratch.merge);
  std::size_t at = 0;
  for (const Symbol symbol : symbols) {
    const std::size_t size = size_at(word, at, symbol);
    if (rules_.symbols.is_token(symbol)) {
      out.push_back(symbol);
    } else if (rules_.alphabet == Alphabet::Bytes) {
      append_bytes(rules_.symbols.text(symbol), out);
    } else {
      append_bytes(word.substr(at, size), out);
    }
    at += size;
  }
}

// Bytes of `word` that the symbol at `at` covers; only Characters needs to know.
std::size_t MergeEncoder::size_at(std::string_view word, std::size_t at, Symbol symbol) const {
  if (rules_.alphabet == Alphabet::Bytes) return 0;
  return symbol == unknown_ ? character_at(word, at).size() : rules_.symbols.text(symbol).size();
}

void MergeEncoder::append_bytes(std::string_view bytes, std::vector<TokenId>& out) const {
  for (const char byte : bytes) {
    const TokenId token = rules_.byte_tokens[static_cast<unsigned char>(byte)];
    if (token != kNoToken) out.push_back(token);
  }
}

std::size_t end_of_spaced_word(std::string_view text, std::size_t start) {
  bool spaces_only = true;
  for (std::size_t at = start; at < text.size();) {
    const std::string_view character = character_at(text, at);
    const bool space = character == kEscapedSpace;
    if (space && !spaces_only) return at;
    spaces_only = spaces_only && space;
    at += character.size();
  }
  return text.size();
}

}  // namespace engine::tokenizer
