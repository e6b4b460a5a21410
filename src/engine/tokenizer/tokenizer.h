// Text to tokens and back, for every kind of vocabulary that GGUF files carry. Equal to llama.cpp,
// whose quirks models were converted against, token for token.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "engine/token.h"
#include "engine/tokenizer/encoder.h"
#include "engine/tokenizer/special_split.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine {

using tokenizer::kNoToken;

struct EncodeOptions {
  bool add_special = false;    // BOS, EOS... where the model wants them
  bool parse_special = false;  // text that spells a control token becomes that token
};

struct DecodeOptions {
  bool special_visible = false;  // show control and unknown tokens as their text
  bool strip_special = false;    // leave out a BOS in front and an EOS behind that encode would add
};

// Immutable; any thread. Shared by the engine, the requests that use the model and their grammars.
class Tokenizer {
 public:
  // Copies what it needs: the file may be closed afterwards. Unsupported names a tokenizer model or
  // pre-tokenizer that is not known; CorruptData what does not hold together.
  static Result<std::shared_ptr<const Tokenizer>> load(const gguf::File& file);

  // Any bytes. O(n log n) at worst.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  // Ids outside the vocabulary decode to nothing. Some models clean up: "a ." becomes "a.".
  std::string decode(std::span<const TokenId> tokens, DecodeOptions options = {}) const;

  // The bytes that a token stands for when it is streamed; the text of a control token. Possibly a
  // part of a character (see TokenStream). Empty for unused tokens and ids outside the vocabulary.
  std::string_view piece(TokenId id) const;

  tokenizer::Kind kind() const { return kind_; }
  const tokenizer::Vocabulary& vocabulary() const { return vocabulary_; }
  std::size_t n_tokens() const { return vocabulary_.size(); }
  const tokenizer::SpecialTokens& special() const { return vocabulary_.special(); }
  bool add_bos() const;
  bool add_eos() const { return vocabulary_.add_eos(); }
  // Whether generation stops after this token.
  bool ends_generation(TokenId id) const { return vocabulary_.ends_generation(id); }
  std::span<const TokenId> end_of_generation() const { return vocabulary_.end_of_generation(); }
  bool is_control(TokenId id) const { return vocabulary_.is(id, tokenizer::kControl); }
  // Whether decoding hides the token unless special tokens are visible.
  bool is_special(TokenId id) const {
    return vocabulary_.is(id, tokenizer::kControl | tokenizer::kUnknown);
  }

 private:
  struct Settings;
  Tokenizer(const Settings& settings, tokenizer::Vocabulary vocabulary);
  static Result<Settings> read_settings(const gguf::File& file);
  Status make_encoder(const gguf::File& file, const Settings& settings);
  Status make_pieces(bool byte_letters);
  Result<std::string> piece_of(TokenId id, bool byte_letters) const;

  tokenizer::Kind kind_;
  bool space_prefix_;
  bool clean_spaces_;
  tokenizer::Vocabulary vocabulary_;
  tokenizer::SpecialSplitter splitter_;
  std::unique_ptr<tokenizer::Encoder> encoder_;
  std::string piece_arena_;
  std::vector<std::size_t> piece_ends_;
};

}  // namespace engine
