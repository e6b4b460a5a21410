// Two bits for each number of a vector: enough to choose the few hundred among which the nearest
// are, and so little to read that all vectors of a large store are compared in milliseconds. The
// estimate is RaBitQ's (Gao et al. 2024, extended to more bits): right on average, its error of a
// random direction. All instruction sets give the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vector {

// Codes lie in blocks of so many vectors, each four bytes of every vector after the other.
inline constexpr std::size_t kRoughBlock = 16;
std::size_t rough_block_bytes(std::size_t dimensions);

// Of one vector, beside its code.
struct RoughRow {
  float factor = 0;  // of the code's product
  float offset = 0;  // its product with the centre
};
// Writes the code of a turned vector (turn.h) as the block's `row`: of what differs from the
// centre, which is turned too.
RoughRow write_rough(std::span<const float> vector, std::span<const float> centre,
                     std::span<std::uint8_t> block, std::size_t row);

// A query, turned as the vectors are.
struct RoughQuery {
  RoughQuery(std::span<const float> query, std::span<const float> centre);

  std::vector<std::int8_t> numbers;  // as many as a block has
  std::int32_t sum = 0;
  float step = 0;  // half of what a number counts in
};

struct RoughBlock {
  const std::uint8_t* codes = nullptr;
  const float* factors = nullptr;  // [kRoughBlock]
  const float* offsets = nullptr;  // [kRoughBlock]
};
// Writes the products of the block's vectors with the query, less what is the same for all of
// them. Returns those above `least`, a bit for each. scores: [kRoughBlock].
using RoughScorer = unsigned (*)(const RoughQuery& query, const RoughBlock& block, float least,
                                 float* scores);
// Those this machine can run, the fastest first.
std::span<const RoughScorer> rough_scorers();

}  // namespace vector
