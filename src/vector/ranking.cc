#include "vector/ranking.h"

#include <algorithm>
#include <unordered_map>

namespace vector {
namespace {

constexpr double kRankOffset = 60;  // the paper's

}  // namespace

std::vector<Ranked> fuse(std::span<const std::int64_t> by_embedding,
                         std::span<const std::int64_t> by_text, const Weights& weights) {
  std::unordered_map<std::int64_t, double> scores;
  const auto add = [&](std::span<const std::int64_t> ranking, double weight) {
    for (std::size_t i = 0; i < ranking.size(); ++i) {
      if (weight > 0) scores[ranking[i]] += weight / (kRankOffset + static_cast<double>(i + 1));
    }
  };
  add(by_embedding, weights.embedding);
  add(by_text, weights.text);
  const double best = (weights.embedding + weights.text) / (kRankOffset + 1);
  std::vector<Ranked> out;
  for (const auto& [chunk, score] : scores) out.push_back({chunk, std::min(1.0, score / best)});
  std::sort(out.begin(), out.end(), [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
  });
  return out;
}

}  // namespace vector
