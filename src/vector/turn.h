// A rotation that spreads what a vector says evenly over its numbers, so that a few bits for each
// of them are enough, whatever model made it.
#pragma once

#include <span>

namespace vector {

// Always the same rotation: products of two turned vectors are those of the vectors. Time:
// n log n.
void turn(std::span<float> vector);

}  // namespace vector
