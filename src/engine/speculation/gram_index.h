// Where in a text each short run of tokens last stood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/token.h"

namespace engine {

// Of one text, which only grows; its owner keeps the text. A table without chains: two runs that
// fall on one place leave the later one, which costs a guess now and then.
class GramIndex {
 public:
  explicit GramIndex(std::size_t run_tokens) : run_(run_tokens) {}

  // Takes in the runs of `text` that it does not know yet.
  void cover(std::span<const TokenId> text);
  // Where the last known run that equals the end of `tokens` ends in `text`; 0: there is none.
  std::size_t find(std::span<const TokenId> text, std::span<const TokenId> tokens) const;

 private:
  std::size_t place(std::span<const TokenId> run) const;

  std::size_t run_;
  std::size_t covered_ = 0;          // of the text
  std::vector<std::uint32_t> ends_;  // a power of two of them
};

}  // namespace engine
