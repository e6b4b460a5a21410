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

void Drafter::expect(std::vector<TokenId> prediction, std::size_t n_prompt) {
  prediction_ = std::move(prediction);
  seen_ = n_prompt;
  holds_ = !prediction_.empty();
  for (std::size_t end = kGramTokens; end < prediction_.size(); ++end) {
    const auto gram = std::span(prediction_).subspan(end - kGramTokens, kGramTokens);
    prediction_follows_.try_emplace(hash_gram(gram), end);
  }
}

// Moves the cursor over what was generated since the last call; where the two part, looks for the
// place where they meet again.
void Drafter::follow_prediction(std::span<const TokenId> tokens) {
  if (prediction_.empty()) return;
  for (; seen_ < tokens.size() && holds_; ++seen_, ++cursor_) {
    holds_ = cursor_ < prediction_.size() && prediction_[cursor_] == tokens[seen_];
  }
  seen_ = tokens.size();
  if (holds_) return;
  const auto rest = look_up(prediction_follows_, prediction_, tokens);
  holds_ = !rest.empty();
  cursor_ = prediction_.size() - rest.size();
}

std::span<const TokenId> Drafter::look_up(const Index& index, std::span<const TokenId> text,
                                          std::span<const TokenId> tokens) const {
  const auto last = tokens.last(kGramTokens);
  const auto found = index.find(hash_gram(last));
  if (found == index.end()) return {};
  const std::size_t end = found->second;
  if (!std::ranges::equal(text.subspan(end - kGramTokens, kGramTokens), last)) return {};
  return text.subspan(end);
}

std::vector<TokenId> Drafter::guess(std::span<const TokenId> tokens) {
  if (tokens.size() <= kGramTokens) return {};
  // The last gram itself is not indexed yet: it would find itself.
  for (indexed_ = std::max(indexed_, kGramTokens); indexed_ < tokens.size(); ++indexed_) {
    follows_[hash_gram(tokens.subspan(indexed_ - kGramTokens, kGramTokens))] = indexed_;
  }
  follow_prediction(tokens);
  if (pause_ > 0) return --pause_, std::vector<TokenId>();
  from_prediction_ = holds_ && cursor_ < prediction_.size();
  const auto follow = from_prediction_ ? std::span<const TokenId>(prediction_).subspan(cursor_)
                                       : look_up(follows_, tokens, tokens);
  const auto count = std::min(static_cast<std::size_t>(length_), follow.size());
  return {follow.begin(), follow.begin() + static_cast<std::ptrdiff_t>(count)};
}

void Drafter::learn(std::size_t guessed, std::size_t accepted) {
  if (guessed == 0) return;
  if (from_prediction_) predicted_ += static_cast<int>(accepted);
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
