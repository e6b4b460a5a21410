#include "train/loop/mixture.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace train {

void append(std::span<const std::uint16_t> document, float light_weight, Batch& batch) {
  CHECK(document.size() >= 2);
  for (std::size_t i = 0; i + 1 < document.size(); ++i) {
    batch.tokens.push_back(document[i] & ~kLightBit);
    batch.targets.push_back(document[i + 1] & ~kLightBit);
    batch.weights.push_back(document[i + 1] & kLightBit ? light_weight : 1.0f);
  }
  batch.lengths.push_back(static_cast<int>(document.size()) - 1);
}

Mixture::Mixture(std::vector<Share> shares, std::uint64_t seed)
    : shares_(std::move(shares)),
      seed_(seed),
      dealt_(shares_.size()),
      tokens_(shares_.size()),
      orders_(shares_.size()),
      rounds_(shares_.size()) {
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    CHECK(!shares_[i].set->lengths.empty());
    shuffle(i, 0);
  }
}

void Mixture::take_up(const std::vector<std::uint64_t>& dealt) {
  CHECK(dealt.size() == shares_.size());
  dealt_ = dealt;
}

void Mixture::shuffle(std::size_t set, std::uint64_t round) {
  auto& order = orders_[set];
  order.resize(shares_[set].set->lengths.size());
  std::iota(order.begin(), order.end(), 0u);
  base::SeededRandom random(seed_ * 1'000'003 + set * 101 + round);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  rounds_[set] = round;
}

// From the set that is furthest behind its share.
std::span<const std::uint16_t> Mixture::deal() {
  std::size_t set = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    if (shares_[i].weight <= 0) continue;
    const double progress = tokens_[i] / shares_[i].weight;
    if (progress < least) {
      least = progress;
      set = i;
    }
  }
  const std::uint64_t size = orders_[set].size();
  const std::uint64_t round = dealt_[set] / size;
  if (round != rounds_[set]) shuffle(set, round);
  const auto document = shares_[set].set->document(orders_[set][dealt_[set] % size]);
  ++dealt_[set];
  tokens_[set] += static_cast<double>(document.size());
  return document;
}

std::vector<Batch> Mixture::next(int n_tokens, int n_tokens_each, float light_weight) {
  // Each step keeps the shares by itself, so that a resumed run deals the same documents.
  std::ranges::fill(tokens_, 0.0);
  std::vector<Batch> batches(1);
  int total = 0;
  while (total < n_tokens) {
    const auto document = deal();
    const int length = static_cast<int>(document.size()) - 1;
    const int filled = static_cast<int>(batches.back().tokens.size());
    if (filled > 0 && filled + length > n_tokens_each) batches.emplace_back();
    append(document, light_weight, batches.back());
    total += length;
  }
  return batches;
}

}  // namespace train
