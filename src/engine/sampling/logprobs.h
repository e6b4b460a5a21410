// Log probabilities of the model's true distribution: the log softmax of untouched logits.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/token.h"

namespace engine {

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;

  bool operator==(const TokenLogprob&) const = default;
};

struct Logprobs {
  float chosen = 0;               // of the token that was asked for
  std::vector<TokenLogprob> top;  // best first; equal ones by id
};

// logits: [n_vocab]. `top_count` best tokens beside the chosen one. O(n_vocab), no full sort.
Logprobs compute_logprobs(std::span<const float> logits, TokenId chosen, std::size_t top_count);

// The `count` largest logits, best first, equal ones by id. NaN counts as minus infinity.
std::vector<TokenLogprob> top_logits(std::span<const float> logits, std::size_t count);

}  // namespace engine
