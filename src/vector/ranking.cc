#include "vector/ranking.h"

#include <algorithm>
#include <unordered_map>

namespace vector {
namespace {

constexpr double kRankOffset = 60;  // the paper's

using Scores = std::unordered_map<std::int64_t, double>;

std::vector<Ranked> best_first(const Scores& scores, double best) {
  std::vector<Ranked> out;
  for (const auto& [chunk, score] : scores) out.push_back({chunk, std::min(1.0, score / best)});
  std::sort(out.begin(), out.end(), [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
  });
  return out;
}

}  // namespace

std::vector<Ranked> fuse(std::span<const std::int64_t> by_embedding,
                         std::span<const std::int64_t> by_text, const Weights& weights) {
  Scores scores;
  const auto add = [&](std::span<const std::int64_t> ranking, double weight) {
    for (std::size_t i = 0; i < ranking.size(); ++i) {
      if (weight > 0) scores[ranking[i]] += weight / (kRankOffset + static_cast<double>(i + 1));
    }
  };
  add(by_embedding, weights.embedding);
  add(by_text, weights.text);
  const double best = (weights.embedding + weights.text) / (kRankOffset + 1);
  return best_first(scores, best);
}

std::vector<Ranked> add_scaled(std::span<const Found> by_embedding, std::span<const Found> by_text,
                               const Weights& weights) {
  Scores scores;
  const auto add = [&](std::span<const Found> found, double weight) {
    if (found.empty() || weight <= 0 || found.front().score <= 0) return;
    const double highest = found.front().score;
    for (const auto& each : found)
      scores[each.chunk] += weight * std::max(0.0, each.score) / highest;
  };
  add(by_embedding, weights.embedding);
  add(by_text, weights.text);
  return best_first(scores, weights.embedding + weights.text);
}

}  // namespace vector
