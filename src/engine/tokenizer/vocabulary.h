// The tokens of a model: their texts, scores and attributes, and which of them are special. Read
// from the `tokenizer.ggml.*` keys of a GGUF file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "engine/token.h"

namespace engine::tokenizer {

inline constexpr TokenId kNoToken = -1;

// How text becomes tokens (`tokenizer.ggml.model`).
enum class Kind {
  SentencePiece,  // "llama": byte-pair merging by score over characters, bytes as fallback
  BytePair,       // "gpt2", "gemma4": byte-pair merging by rank within pre-tokenized pieces
  WordPiece,      // "bert": longest match within words
  Unigram,        // "t5": most probable segmentation
};

// A set of bits; a token may have several.
enum Attribute : std::uint16_t {
  kUnknown = 1,
  kUnused = 2,
  kNormal = 4,
  kControl = 8,  // never text: <s>, <|im_end|>
  kUserDefined = 16,
  kByte = 32,          // <0x0A>
  kStripsLeft = 64,    // takes the white space before it along when it is parsed
  kStripsRight = 128,  // ... after it
};

struct TokenEntry {
  std::string_view text;  // as in the file: escaped
  float score = 0;
  std::uint16_t attributes = kNormal;
};

// kNoToken where the model has none.
struct SpecialTokens {
  TokenId bos = kNoToken;
  TokenId eos = kNoToken;
  TokenId eot = kNoToken;  // end of turn
  TokenId eom = kNoToken;  // end of message
  TokenId unknown = kNoToken;
  TokenId separator = kNoToken;
  TokenId padding = kNoToken;
  TokenId mask = kNoToken;
  TokenId fim_prefix = kNoToken;  // fill in the middle
  TokenId fim_suffix = kNoToken;
  TokenId fim_middle = kNoToken;
  TokenId fim_padding = kNoToken;
  TokenId fim_repository = kNoToken;
  TokenId fim_file = kNoToken;
};

// Immutable after loading; any thread.
class Vocabulary {
 public:
  // What a tokenizer kind and pre-tokenizer presume where the file says nothing.
  struct Defaults {
    SpecialTokens special;
    bool add_bos = false;
    bool add_eos = false;
    bool always_bos = false;  // whatever the file says
  };
  static Result<Vocabulary> load(const gguf::File& file, const Defaults& defaults);

  std::size_t size() const { return tokens_.size(); }
  const TokenEntry& operator[](TokenId id) const { return tokens_[static_cast<std::size_t>(id)]; }
  bool has(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < tokens_.size(); }
  // kNoToken when no token is written like this.
  TokenId find(std::string_view text) const;
  // Any of the bits.
  bool is(TokenId id, std::uint16_t attributes) const {
    return (tokens_[static_cast<std::size_t>(id)].attributes & attributes) != 0;
  }

  const SpecialTokens& special() const { return special_; }
  bool add_bos() const { return add_bos_; }
  bool add_eos() const { return add_eos_; }
  // Tokens after which generation stops, ascending.
  std::span<const TokenId> end_of_generation() const { return end_of_generation_; }
  bool ends_generation(TokenId id) const;
  // Bytes of the longest token.
  std::size_t token_bytes_max() const { return token_bytes_max_; }

 private:
  Status read_tokens(const gguf::File& file);
  Status read_special(const gguf::File& file, const Defaults& defaults);
  void find_special_by_text();
  void find_end_of_generation();
  void mark_unused();
  void adjust_end_of_generation();
  void set_strip_attributes(const gguf::File& file);

  std::string arena_;  // all texts, one after the other
  std::vector<TokenEntry> tokens_;
  std::unordered_map<std::string_view, TokenId> by_text_;
  SpecialTokens special_;
  bool add_bos_ = false;
  bool add_eos_ = false;
  std::vector<TokenId> end_of_generation_;
  std::size_t token_bytes_max_ = 0;
};

}  // namespace engine::tokenizer
