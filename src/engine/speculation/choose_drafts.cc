#include "engine/speculation/choose_drafts.h"

#include <algorithm>

namespace engine {
namespace {

// Pays clearly or not at all: costs are measured on a noisy machine.
constexpr double kGainMin = 1.03;

constexpr double kTrustWeight = 0.06;    // of one guess
constexpr double kTrustAtRest = 0.7;     // what it comes back to
constexpr double kTrustPerRest = 0.003;  // of the way, in a step
constexpr int kGuessesToMeasure = 3;

struct DraftCandidate {
  double chance;  // that it and all before it are right: what it is expected to give
  std::size_t stream;
};

}  // namespace

std::vector<std::size_t> choose_drafts(int rows, const std::vector<DraftChances>& streams,
                                       const StepCosts& costs, int drafts_max) {
  std::vector<DraftCandidate> candidates;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    double chance = 1;
    for (const double next : streams[i]) candidates.push_back({chance *= next, i});
  }
  // Within a stream chances fall, so its guesses stay in order.
  std::ranges::stable_sort(candidates, std::ranges::greater(), &DraftCandidate::chance);
  drafts_max = std::min(drafts_max, StepCosts::kRowsMax - rows);
  candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(std::max(0, drafts_max))));

  std::vector<std::size_t> chosen(streams.size(), 0);
  const double alone = costs.estimate(rows);
  if (alone == 0) return chosen;  // nothing is known yet
  double tokens = rows, best = kGainMin * rows / alone;
  std::size_t count = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    tokens += candidates[i].chance;
    const double rate = tokens / costs.estimate(rows + static_cast<int>(i) + 1);
    if (rate > best) best = rate, count = i + 1;
  }
  for (std::size_t i = 0; i < count; ++i) ++chosen[candidates[i].stream];
  return chosen;
}

void DraftTrust::verified(std::size_t guesses, std::size_t right) {
  for (std::size_t i = 0; i < std::min(guesses, right + 1); ++i) {
    chance_ += kTrustWeight * ((i < right ? 1.0 : 0.0) - chance_);
  }
}

void DraftTrust::rested() {
  chance_ += kTrustPerRest * (kTrustAtRest - chance_);
}

int choose_model_drafts(int rows, const std::vector<double>& chances, const StepCosts& costs,
                        double ns_per_guess, int guesses_max) {
  const int streams = static_cast<int>(chances.size());
  if (streams == 0 || costs.estimate(rows) == 0) return 0;
  guesses_max = std::min(guesses_max, (StepCosts::kRowsMax - rows) / streams);
  if (guesses_max <= 0) return 0;
  if (ns_per_guess == 0) return std::min(kGuessesToMeasure, guesses_max);
  auto powers = chances;
  double tokens = rows, best = kGainMin * rows / costs.estimate(rows);
  int chosen = 0;
  for (int count = 1; count <= guesses_max; ++count) {
    for (std::size_t i = 0; i < powers.size(); ++i) {
      tokens += powers[i];
      powers[i] *= chances[i];
    }
    const double ns = costs.estimate(rows + count * streams) + count * ns_per_guess;
    if (tokens / ns > best) best = tokens / ns, chosen = count;
  }
  return chosen;
}

}  // namespace engine
