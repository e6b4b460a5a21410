// Two rankings into one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vector {

struct Ranked {
  std::int64_t chunk = 0;
  double score = 0;  // 0 to 1; 1 is first in both rankings
};

// What one ranking found, best first, with its own scores on any scale.
struct Found {
  std::int64_t chunk = 0;
  double score = 0;
};

struct Weights {
  double embedding = 1;
  double text = 1;
};

// Weighted reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): each ranking gives
// weight / (60 + rank). Best first; equal scores by chunk.
std::vector<Ranked> fuse(std::span<const std::int64_t> by_embedding,
                         std::span<const std::int64_t> by_text, const Weights& weights);

// Among the best with the built-in embedding model (docs/benchmarks.md, retrieval).
inline constexpr Weights kScaledWeights{.embedding = 0.3, .text = 0.7};

// The sum of both scores, each scaled to 0..1 over what its ranking found, by weight; what a
// ranking did not find has 0 there. Best first; equal scores by chunk.
std::vector<Ranked> add_scaled(std::span<const Found> by_embedding, std::span<const Found> by_text,
                               const Weights& weights);

}  // namespace vector
