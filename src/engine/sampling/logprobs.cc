#include "engine/sampling/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace engine {
namespace {

bool better(const TokenLogprob& a, const TokenLogprob& b) {
  return a.logprob != b.logprob ? a.logprob > b.logprob : a.token < b.token;
}

}  // namespace

std::vector<TokenLogprob> top_logits(std::span<const float> logits, std::size_t count) {
  // A heap of the best so far, worst on top: most tokens fail one comparison with it.
  std::vector<TokenLogprob> best;
  count = std::min(count, logits.size());
  if (count == 0) return best;
  best.reserve(count + 1);
  float worst = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool full = best.size() == count;
    if (full && !(logits[i] > worst)) continue;  // a later token loses a tie
    const float logit = std::isnan(logits[i]) ? -std::numeric_limits<float>::infinity() : logits[i];
    if (full) {
      std::ranges::pop_heap(best, better);
      best.pop_back();
    }
    best.push_back({static_cast<TokenId>(i), logit});
    std::ranges::push_heap(best, better);
    worst = best.front().logprob;
  }
  std::ranges::sort(best, better);
  return best;
}

Logprobs compute_logprobs(std::span<const float> logits, TokenId chosen, std::size_t top_count) {
  CHECK(chosen >= 0 && static_cast<std::size_t>(chosen) < logits.size());
  float highest = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) highest = std::max(highest, logit);
  double sum = 0;
  for (const float logit : logits) {
    if (!std::isnan(logit)) sum += std::exp(logit - highest);
  }
  const double log_sum = highest + std::log(sum);

  Logprobs result;
  result.chosen = static_cast<float>(logits[chosen] - log_sum);
  result.top = top_logits(logits, top_count);
  for (auto& entry : result.top) entry.logprob = static_cast<float>(entry.logprob - log_sum);
  return result;
}

}  // namespace engine
