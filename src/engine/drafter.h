// Guesses what comes next: the rest of what the request predicted while it holds, else the tokens
// that followed the last occurrence of the current ones (prompt lookup). Costs nothing when wrong
// but the rows to verify it.
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
  // What will likely follow the first `n_prompt` tokens. Before the first guess.
  void expect(std::vector<TokenId> prediction, std::size_t n_prompt);
  // `tokens` is the whole sequence, which only grows from call to call.
  std::vector<TokenId> guess(std::span<const TokenId> tokens);
  // How the last guess went. Failure makes the next guesses shorter and rarer.
  void learn(std::size_t guessed, std::size_t accepted);
  // Accepted guesses that came from the prediction.
  int predicted() const { return predicted_; }

 private:
  // Hash of a gram: where it last ended.
  using Index = std::unordered_map<std::uint64_t, std::size_t>;

  void follow_prediction(std::span<const TokenId> tokens);
  // What came after the last gram of `tokens` in `text`; empty when it is not there.
  std::span<const TokenId> look_up(const Index& index, std::span<const TokenId> text,
                                   std::span<const TokenId> tokens) const;

  Index follows_;
  std::size_t indexed_ = 0;  // tokens of the sequence in follows_

  std::vector<TokenId> prediction_;
  Index prediction_follows_;
  std::size_t cursor_ = 0;  // next token of the prediction while it holds
  bool holds_ = false;
  std::size_t seen_ = 0;  // tokens of the sequence compared with the prediction
  bool from_prediction_ = false;
  int predicted_ = 0;

  int length_ = 3;
  int misses_ = 0;
  int pause_ = 0;  // calls to sit out
};

}  // namespace engine
