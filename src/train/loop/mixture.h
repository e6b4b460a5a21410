// Deals out documents of several token sets in fixed shares, each set in an order shuffled anew
// every time through. Deterministic by seed; its place can be saved and taken up again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/data/token_file.h"
#include "train/model/transformer.h"

namespace train {

struct Share {
  const TokenSet* set = nullptr;  // outlives the mixture
  double weight = 1;
};

class Mixture {
 public:
  Mixture(std::vector<Share> shares, std::uint64_t seed);

  // Documents of at least `n_tokens` tokens in all, cut into batches of about `n_tokens_each`.
  std::vector<Batch> next(int n_tokens, int n_tokens_each, float light_weight);

  // Documents dealt per set; the whole state.
  const std::vector<std::uint64_t>& dealt() const { return dealt_; }
  void take_up(const std::vector<std::uint64_t>& dealt);

 private:
  std::span<const std::uint16_t> deal();
  void shuffle(std::size_t set, std::uint64_t round);

  std::vector<Share> shares_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> dealt_;
  std::vector<double> tokens_;  // dealt in the step at hand, per set
  std::vector<std::vector<std::uint32_t>> orders_;
  std::vector<std::uint64_t> rounds_;  // of each order
};

// Appends one document to a batch.
void append(std::span<const std::uint16_t> document, float light_weight, Batch& batch);

}  // namespace train
