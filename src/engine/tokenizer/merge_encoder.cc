#include "engine/tokenizer/merge_encoder.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {
namespace {

std::string_view character_at(std::string_view text, std::size_t at) {
  return text.substr(at, claimed_size(text[at]));
}

}  // namespace

MergeEncoder::MergeEncoder(Alphabet alphabet, SymbolTable symbols, MergeTable merges,
                           const std::array<TokenId, 256>& byte_tokens, bool spaces_start_words)
    : alphabet_(alphabet),
      symbols_(std::move(symbols)),
      merges_(std::move(merges)),
      byte_tokens_(byte_tokens),
      spaces_start_words_(spaces_start_words) {
  for (std::size_t byte = 0; byte < byte_symbols_.size(); ++byte) {
    std::string text;
    if (alphabet == Alphabet::Bytes) {
      append_utf8(text, letter_of(static_cast<std::uint8_t>(byte)));
    } else {
      text.push_back(static_cast<char>(byte));
    }
    byte_symbols_[byte] = symbols_.add(text);
  }
  unknown_ = symbols_.end();
}

Symbol MergeEncoder::symbol_of(std::string_view character) const {
  if (character.size() == 1) return byte_symbols_[static_cast<unsigned char>(character[0])];
  const Symbol symbol = symbols_.find(character);
  return symbol == SymbolTable::kNone ? unknown_ : symbol;
}

void MergeEncoder::encode(std::string_view word, std::vector<TokenId>& out,
                          Scratch& scratch) const {
  std::vector<Symbol>& symbols = scratch.symbols;
  symbols.clear();
  if (alphabet_ == Alphabet::Bytes) {
    for (const char byte : word) symbols.push_back(byte_symbols_[static_cast<unsigned char>(byte)]);
  } else {
    for (std::size_t at = 0; at < word.size();) {
      const std::string_view character = character_at(word, at);
      symbols.push_back(symbol_of(character));
      at += character.size();
    }
  }
  merge(merges_, symbols, scratch.merge);
  std::size_t at = 0;
  for (const Symbol symbol : symbols) {
    const std::size_t size = size_at(word, at, symbol);
    if (symbols_.is_token(symbol)) {
      out.push_back(symbol);
    } else if (alphabet_ == Alphabet::Bytes) {
      append_bytes(symbols_.text(symbol), out);
    } else {
      append_bytes(word.substr(at, size), out);
    }
    at += size;
  }
}

// Bytes of `word` that the symbol at `at` covers; only Characters needs to know.
std::size_t MergeEncoder::size_at(std::string_view word, std::size_t at, Symbol symbol) const {
  if (alphabet_ == Alphabet::Bytes) return 0;
  return symbol == unknown_ ? character_at(word, at).size() : symbols_.text(symbol).size();
}

void MergeEncoder::append_bytes(std::string_view bytes, std::vector<TokenId>& out) const {
  for (const char byte : bytes) {
    const TokenId token = byte_tokens_[static_cast<unsigned char>(byte)];
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
