// Guesses what comes next from what came before: the tokens that followed the last occurrence of
// the current ones (prompt lookup). Costs nothing when wrong but the rows to verify it.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/token.h"

namespace engine {

// One per choice; engine thread only. Guesses never change what is generated: the engine keeps only
// those that it would have drawn anyway.
class Drafter {
 public:
  // `tokens` is the whole sequence, which only grows from call to call.
  std::vector<TokenId> guess(std::span<const TokenId> tokens);
  // How the last guess went. Failure makes the next guesses shorter and rarer.
  void learn(std::size_t guessed, std::size_t accepted);

 private:
  std::unordered_map<std::uint64_t, std::size_t> follows_;  // hash of a gram: where it last ended
  std::size_t indexed_ = 0;                                 // tokens of the sequence in follows_
  int length_ = 3;
  int misses_ = 0;
  int pause_ = 0;  // calls to sit out
};

}  // namespace engine
