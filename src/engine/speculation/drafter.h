// Guesses what comes next: the rest of what the request predicted while it holds, else what
// followed the same tokens before, in the prompt or in the answer (prompt lookup). Says how likely
// each guess is, by how its guesses went so far; whether one is worth verifying, others decide.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/speculation/gram_index.h"
#include "engine/token.h"

namespace engine {

// One per choice; engine thread only. Guesses never change what is generated: the engine keeps only
// those that it would have drawn anyway. They cost nothing until they are verified, and are judged
// by what came whether they were or not.
class Drafter {
 public:
  // What will likely follow the prompt. Before `read`.
  void expect(std::vector<TokenId> prediction) { prediction_ = std::move(prediction); }
  // `tokens` is the whole sequence, which only grows from call to call, of which the first
  // `n_prompt` were not generated. How many come at a time changes nothing.
  void read(std::span<const TokenId> tokens, std::size_t n_prompt);

  // At most `count` tokens that may follow what was read. `tokens` as in `read`.
  std::vector<TokenId> guess(std::span<const TokenId> tokens, std::size_t count) const;
  // How many are worth thinking of: twice as many as were equal before them.
  std::size_t length() const;
  // How likely the guess number `index` is right, if those before it are.
  double chance(std::size_t index) const;
  // Whether the guesses are those of the request.
  bool from_prediction() const { return source_ == Source::Prediction; }
  // Of the tokens that were read and generated, how many such a guess was right about.
  int predicted() const { return predicted_; }

 private:
  enum class Source { Nothing, Prediction, Sequence };
  // How the guesses after runs of about one length went.
  struct Record {
    double right = 0, all = 0;
  };
  static constexpr std::size_t kClasses = 5;

  static std::size_t class_of(std::size_t run);
  void judge(std::span<const TokenId> tokens);
  void look_up(std::span<const TokenId> tokens);
  void choose_source(std::span<const TokenId> tokens);

  std::vector<TokenId> prediction_;
  // Runs of 8, 4 and 2 tokens. What stands before an answer is much the same in every turn of a
  // chat: only a long run tells which of the turns before is coming again.
  using Indexes = std::array<GramIndex, 3>;
  Indexes in_prediction_ = {GramIndex(8), GramIndex(4), GramIndex(2)};
  Indexes in_sequence_ = {GramIndex(8), GramIndex(4), GramIndex(2)};
  std::size_t seen_ = 0;  // tokens of the sequence

  Source source_ = Source::Nothing;
  std::size_t cursor_ = 0;  // of the first guess in its text
  std::size_t run_ = 0;     // equal tokens before it
  int predicted_ = 0;
  std::array<Record, kClasses> records_;
};

}  // namespace engine
