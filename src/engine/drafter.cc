#include "engine/drafter.h"

#include <algorithm>

#include "base/limits/engine.h"
#include "engine/sampling/counter_random.h"

namespace engine {
namespace {

constexpr std::size_t kGramTokens = 3;  // shorter ones match by chance
constexpr int kLengthFirst = 3;         // verifying four rows costs hardly more than computing one
constexpr int kMissesMax = 6;

std::uint64_t hash_gram(std::span<const TokenId> gram) {
  std::uint64_t hash = 0;
  for (const TokenId token : gram) hash = mix_bits(hash ^ static_cast<std::uint32_t>(token));
  return hash;
}

}  // namespace

std::vector<TokenId> Drafter::guess(std::span<const TokenId> tokens) {
  if (tokens.size() <= kGramTokens) return {};
  // The last gram itself is not indexed yet: it would find itself.
  for (indexed_ = std::max(indexed_, kGramTokens); indexed_ < tokens.size(); ++indexed_) {
    follows_[hash_gram(tokens.subspan(indexed_ - kGramTokens, kGramTokens))] = indexed_;
  }
  if (pause_ > 0) return --pause_, std::vector<TokenId>();
  const auto last = tokens.last(kGramTokens);
  const auto found = follows_.find(hash_gram(last));
  if (found == follows_.end()) return {};
  const std::size_t begin = found->second;
  if (!std::ranges::equal(tokens.subspan(begin - kGramTokens, kGramTokens), last)) return {};
  const auto count = std::min(static_cast<std::size_t>(length_), tokens.size() - begin);
  const auto follow = tokens.subspan(begin, count);
  return {follow.begin(), follow.end()};
}

void Drafter::learn(std::size_t guessed, std::size_t accepted) {
  if (guessed == 0) return;
  if (accepted == guessed) {
    length_ = std::min(length_ * 2, limits::engine_draft_tokens_max);
    misses_ = 0;
  } else if (accepted == 0) {
    length_ = kLengthFirst;
    misses_ = std::min(misses_ + 1, kMissesMax);
    pause_ = (1 << misses_) - 1;
  } else {
    length_ = std::max(kLengthFirst, static_cast<int>(accepted));
    misses_ = 0;
  }
}

}  // namespace engine
