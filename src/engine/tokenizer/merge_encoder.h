// Encodes words by merging symbols: what byte-pair and SentencePiece vocabularies have in common.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "engine/tokenizer/merge.h"
#include "engine/tokenizer/symbols.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

// Immutable once built; any thread.
class MergeEncoder {
 public:
  // What a word is made of before anything is merged.
  enum class Alphabet {
    Bytes,       // one symbol per byte, written in GPT-2's byte alphabet
    Characters,  // one symbol per UTF-8 character
  };

  // `byte_tokens`: what stands for a byte of a symbol that is no token; kNoToken: nothing does.
  // `spaces_start_words`: no merge gives a text with U+2581 behind another character.
  MergeEncoder(Alphabet alphabet, SymbolTable symbols, MergeTable merges,
               const std::array<TokenId, 256>& byte_tokens, bool spaces_start_words);

  // What encoding allocates, kept from word to word.
  struct Scratch {
    std::vector<Symbol> symbols;
    MergeScratch merge;
  };
  // Appends the tokens of one word.
  void encode(std::string_view word, std::vector<TokenId>& out, Scratch& scratch) const;

  // Calls word(part) for parts of `text` between which nothing can merge: before every U+2581 that
  // follows another character, when no merge reaches over one.
  template <class Word>
  void for_each_word(std::string_view text, Word word) const;

 private:
  Symbol symbol_of(std::string_view character) const;
  void append_bytes(std::string_view bytes, std::vector<TokenId>& out) const;
  std::size_t size_at(std::string_view word, std::size_t at, Symbol symbol) const;

  Alphabet alphabet_;
  SymbolTable symbols_;
  MergeTable merges_;
  std::array<Symbol, 256> byte_symbols_;  // Characters: of ASCII
  std::array<TokenId, 256> byte_tokens_;
  Symbol unknown_;           // a character that no token contains
  bool spaces_start_words_;  // no merge has U+2581 behind another character
};

// The end of the word that starts at `start`: see for_each_word.
std::size_t end_of_spaced_word(std::string_view text, std::size_t start);

template <class Word>
void MergeEncoder::for_each_word(std::string_view text, Word word) const {
  if (!spaces_start_words_) return word(text);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = end_of_spaced_word(text, start);
    word(text.substr(start, end - start));
    start = end;
  }
}

}  // namespace engine::tokenizer
