// Encodes words by merging symbols: what byte-pair and SentencePiece vocabularies have in common.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "engine/tokenizer/merge.h"
#include "engine/tokenizer/symbols.h"
#include "engine/tokenizer/vocabulary.h"
#include "engine/tokenizer/word_table.h"

namespace engine::tokenizer {

// Immutable once built; any thread.
class MergeEncoder {
 public:
  // What a word is made of before anything is merged.
  enum class Alphabet {
    Bytes,       // one symbol per byte, written in GPT-2's byte alphabet
    Characters,  // one symbol per UTF-8 character
  };

  struct Rules {
    Alphabet alphabet = Alphabet::Bytes;
    SymbolTable symbols;
    MergeTable merges;
    // What stands for a byte of a symbol that is no token; kNoToken: nothing does.
    std::array<TokenId, 256> byte_tokens{};
    // A word that is a token is not merged, whatever merging would give.
    bool whole_words = false;
    // No merge gives a text with U+2581 behind another character.
    bool spaces_start_words = false;
  };
  MergeEncoder(const Vocabulary& vocabulary, Rules rules);
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
  void index_words(const Vocabulary& vocabulary);
  void merge_word(std::string_view word, std::vector<TokenId>& out, Scratch& scratch) const;
  Symbol symbol_of(std::string_view character) const;
  void append_bytes(std::string_view bytes, std::vector<TokenId>& out) const;
  std::size_t size_at(std::string_view word, std::size_t at, Symbol symbol) const;

  Rules rules_;
  std::array<Symbol, 256> byte_symbols_;  // Characters: of characters of one byte
  Symbol unknown_;                        // a character that no token contains
  WordTable words_;
};

// The end of the word that starts at `start`: see for_each_word.
std::size_t end_of_spaced_word(std::string_view text, std::size_t start);

template <class Word>
void MergeEncoder::for_each_word(std::string_view text, Word word) const {
  if (!rules_.spaces_start_words) return word(text);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = end_of_spaced_word(text, start);
    word(text.substr(start, end - start));
    start = end;
  }
}

}  // namespace engine::tokenizer
