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

struct Weights {
  double embedding = 1;
  double text = 1;
};

// Weighted reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): each ranking gives
// weight / (60 + rank). Best first; equal scores by chunk.
std::vector<Ranked> fuse(std::span<const std::int64_t> by_embedding,
                         std::span<const std::int64_t> by_text, const Weights& weights);

}  // namespace vector
