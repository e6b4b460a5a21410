// Chooses the next token of one sequence. The steps, in order: logit bias, repetition penalty,
// presence and frequency penalties, mask, temperature, top-k, top-p, min-p, draw.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/sampling/params.h"
#include "engine/token.h"

namespace engine {

// One bit per token, token 0 in bit 0 of word 0; a set bit allows the token. Empty allows all.
using TokenMask = std::span<const std::uint64_t>;

constexpr bool mask_allows(TokenMask mask, std::size_t token) {
  return mask.empty() || (token / 64 < mask.size() && (mask[token / 64] >> (token % 64) & 1) != 0);
}

// A token that can still be drawn. `weight` is proportional to its probability.
struct Candidate {
  TokenId token = 0;
  float logit = 0;
  double weight = 0;
};

// What is left of the distribution after all steps. Candidates stand in a fixed order (by id, or
// best first where a step had to rank them), so the same draw gives the same token everywhere.
struct Distribution {
  std::vector<Candidate> candidates;
  double weight_sum = 0;
};

// State: which tokens the sequence has seen. Owned by its sequence, one thread.
// Invariant: the token drawn at a position depends on the logits, the history, the seed and that
// position, on nothing else.
class Sampler {
 public:
  // `stream` tells apart the choices of one request that share a seed.
  Sampler(SamplingParams params, std::size_t n_vocab, std::uint64_t stream = 0);

  void add_prompt(std::span<const TokenId> tokens);
  void add_generated(TokenId token);

  // logits: [n_vocab], left untouched. Empty when the mask or the logits leave no token.
  std::optional<TokenId> sample(std::span<const float> logits, TokenMask mask,
                                std::uint64_t position);
  // The same steps without the draw. The reference stays good until the next call.
  const Distribution& distribution(std::span<const float> logits, TokenMask mask);

  const SamplingParams& params() const { return params_; }

 private:
  void adjust(std::span<const float> logits, TokenMask mask);
  bool adjusts(TokenMask mask) const;
  bool draws_from_all() const;
  std::optional<TokenId> draw_from_all(std::span<const float> logits, std::uint64_t position);

  SamplingParams params_;
  std::uint64_t stream_;
  std::unordered_map<TokenId, int> generated_counts_;  // of every token seen; 0 for prompt only
  std::vector<float> adjusted_;                        // [n_vocab]
  std::vector<float> weights_;                         // [n_vocab], of draw_from_all
  Distribution distribution_;
};

}  // namespace engine
