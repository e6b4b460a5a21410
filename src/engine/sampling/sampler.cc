#include "engine/sampling/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "engine/sampling/counter_random.h"
#include "engine/sampling/logprobs.h"

namespace engine {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

double sum_weights(std::span<const Candidate> candidates) {
  double sum = 0;
  for (const auto& candidate : candidates) sum += candidate.weight;
  return sum;
}

// Fills in exp((logit - highest) / temperature).
void weigh(std::span<Candidate> candidates, float highest, float temperature) {
  for (auto& candidate : candidates) {
    candidate.weight = std::exp((candidate.logit - highest) / temperature);
  }
}

// The first of the highest; empty when none is above minus infinity. Not a number is never it.
std::optional<TokenId> best(std::span<const float> logits) {
  constexpr std::size_t kLanes = 32;  // so many maxima side by side, which compilers vectorise
  std::array<float, kLanes> highest;
  highest.fill(kNever);
  std::size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float logit = logits[i + lane];
      highest[lane] = logit > highest[lane] ? logit : highest[lane];
    }
  }
  for (; i < logits.size(); ++i) highest[0] = logits[i] > highest[0] ? logits[i] : highest[0];
  const float most = std::ranges::max(highest);
  if (!(most > kNever)) return std::nullopt;
  return static_cast<TokenId>(std::ranges::find(logits, most) - logits.begin());
}

// Every token with a finite logit, by id.
void take_all(std::span<const float> logits, std::vector<Candidate>& out) {
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > kNever) out.push_back({static_cast<TokenId>(i), logits[i], 0});
  }
}

// The `count` best, ranked.
void take_best(std::span<const float> logits, std::size_t count, std::vector<Candidate>& out) {
  for (const auto& [token, logit] : top_logits(logits, count)) {
    if (logit > kNever) out.push_back({token, logit, 0});
  }
}

// Ranks only as many of `candidates` as it takes for their weight to reach `share` of the whole,
// and drops the rest. Weights span many powers of e, so counting the weight per power first finds
// a short list to sort.
void keep_top_share(std::vector<Candidate>& candidates, double share) {
  constexpr int kBuckets = 64;
  std::array<double, kBuckets> weight_in{};
  const auto bucket_of = [](const Candidate& candidate) {
    const double power = candidate.weight > 0 ? -std::log(candidate.weight) : kBuckets;
    return std::clamp(static_cast<int>(power), 0, kBuckets - 1);
  };
  for (const auto& candidate : candidates) weight_in[bucket_of(candidate)] += candidate.weight;

  const double goal = share * sum_weights(candidates);
  int last = 0;
  // A hair above the goal, for the other order of summation below.
  for (double reached = weight_in[0]; last + 1 < kBuckets && reached < goal * (1 + 1e-9);) {
    reached += weight_in[++last];
  }
  std::erase_if(candidates, [&](const Candidate& c) { return bucket_of(c) > last; });
  std::ranges::sort(candidates, ranks_before);

  std::size_t kept = 0;
  for (double reached = 0; kept < candidates.size() && (kept == 0 || reached < goal); ++kept) {
    reached += candidates[kept].weight;
  }
  candidates.resize(kept);
}

}  // namespace

Sampler::Sampler(SamplingParams params, std::size_t n_vocab, std::uint64_t stream)
    : params_(std::move(params)), stream_(stream), adjusted_(n_vocab) {}

void Sampler::add_prompt(std::span<const TokenId> tokens) {
  if (params_.repetition_penalty == 1) return;  // nothing else asks about the prompt
  for (const TokenId token : tokens) generated_counts_.try_emplace(token, 0);
}

void Sampler::add_generated(TokenId token) {
  if (params_.repetition_penalty == 1 && params_.presence_penalty == 0 &&
      params_.frequency_penalty == 0) {
    return;
  }
  ++generated_counts_[token];
}

// Bias, penalties and mask, into adjusted_.
void Sampler::adjust(std::span<const float> logits, TokenMask mask) {
  CHECK(logits.size() == adjusted_.size());
  std::ranges::copy(logits, adjusted_.begin());
  for (const auto& [token, bias] : params_.logit_bias) adjusted_[token] += bias;
  for (const auto& [token, count] : generated_counts_) {
    if (token < 0 || static_cast<std::size_t>(token) >= adjusted_.size()) continue;
    float& logit = adjusted_[token];
    if (params_.repetition_penalty != 1) {
      logit = logit > 0 ? logit / params_.repetition_penalty : logit * params_.repetition_penalty;
    }
    if (count > 0) {
      logit -= params_.presence_penalty + params_.frequency_penalty * static_cast<float>(count);
    }
  }
  if (mask.empty()) return;
  for (std::size_t word = 0; word * 64 < adjusted_.size(); ++word) {
    const std::uint64_t bits = word < mask.size() ? mask[word] : 0;
    if (bits == ~std::uint64_t{0}) continue;
    const std::size_t end = std::min(adjusted_.size(), word * 64 + 64);
    for (std::size_t i = word * 64; i < end; ++i) {
      if ((bits >> (i % 64) & 1) == 0) adjusted_[i] = kNever;
    }
  }
}

// Whether the logits stand as they are, so that nobody need copy them.
bool Sampler::adjusts(TokenMask mask) const {
  return !mask.empty() || !params_.logit_bias.empty() || !generated_counts_.empty();
}

const Distribution& Sampler::distribution(std::span<const float> logits, TokenMask mask) {
  adjust(logits, mask);
  auto& candidates = distribution_.candidates;
  candidates.clear();
  distribution_.weight_sum = 0;

  const bool ranked = params_.temperature == 0 || params_.top_k > 0;
  if (ranked) {
    const auto count = params_.temperature == 0 ? 1 : static_cast<std::size_t>(params_.top_k);
    take_best(adjusted_, count, candidates);
  } else {
    take_all(adjusted_, candidates);
  }
  if (candidates.empty()) return distribution_;

  float highest = kNever;
  for (const auto& candidate : candidates) highest = std::max(highest, candidate.logit);
  weigh(candidates, highest, params_.temperature == 0 ? 1 : params_.temperature);
  if (params_.temperature > 0) {
    if (params_.top_p < 1) keep_top_share(candidates, params_.top_p);
    if (params_.min_p > 0) {
      // The best token has weight 1.
      std::erase_if(candidates, [&](const Candidate& c) { return c.weight < params_.min_p; });
    }
  }
  distribution_.weight_sum = sum_weights(candidates);
  return distribution_;
}

// Whether no step but the temperature leaves a token out.
bool Sampler::draws_from_all() const {
  return params_.temperature > 0 && params_.top_k == 0 && params_.top_p >= 1 && params_.min_p <= 0;
}

// As from a distribution of all tokens, in the same order, without making that: what most requests
// ask for, of every token.
std::optional<TokenId> Sampler::draw_from_all(std::span<const float> logits,
                                              std::uint64_t position) {
  const auto best_token = best(logits);
  if (!best_token) return std::nullopt;
  const float highest = logits[static_cast<std::size_t>(*best_token)];
  weights_.resize(logits.size());
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    // Also not for what is not a number.
    weights_[i] = logits[i] > kNever ? std::exp((logits[i] - highest) / params_.temperature) : 0;
    sum += static_cast<double>(weights_[i]);
  }
  const double goal = counter_uniform(params_.seed, stream_, position) * sum;
  double reached = 0;
  std::optional<TokenId> last;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] > kNever)) continue;
    last = static_cast<TokenId>(i);
    reached += static_cast<double>(weights_[i]);
    if (goal < reached) return last;
  }
  return last;  // rounding left the sum a hair short
}

std::optional<TokenId> Sampler::sample(std::span<const float> logits, TokenMask mask,
                                       std::uint64_t position) {
  if (params_.temperature == 0) {
    CHECK(logits.size() == adjusted_.size());
    if (!adjusts(mask)) return best(logits);
    adjust(logits, mask);
    return best(adjusted_);
  }
  if (draws_from_all()) {
    if (!adjusts(mask)) return draw_from_all(logits, position);
    adjust(logits, mask);
    return draw_from_all(adjusted_, position);
  }
  const auto& [candidates, weight_sum] = distribution(logits, mask);
  if (candidates.empty()) return std::nullopt;
  const double goal = counter_uniform(params_.seed, stream_, position) * weight_sum;
  double reached = 0;
  for (const auto& candidate : candidates) {
    reached += candidate.weight;
    if (goal < reached) return candidate.token;
  }
  return candidates.back().token;  // rounding left the sum a hair short
}

}  // namespace engine
