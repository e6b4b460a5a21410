// SentencePiece's precompiled normalisation: a table from byte sequences to what replaces them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace engine::tokenizer {

// Immutable; any thread.
class CharsMap {
 public:
  CharsMap() = default;  // replaces nothing
  // The value of `tokenizer.ggml.precompiled_charsmap`: u32 size of the table, the table (a double
  // array trie, one u32 per unit), then the replacements, each ended by a zero byte.
  static Result<CharsMap> parse(std::span<const std::uint8_t> blob);

  struct Replacement {
    std::size_t size = 0;   // bytes of the text that it replaces
    std::string_view with;  // lives as long as the map
  };
  // The replacement for the longest sequence that `text` starts with, nullopt when there is none.
  // A table that points outside itself replaces nothing.
  std::optional<Replacement> find(std::string_view text) const;

 private:
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace engine::tokenizer
