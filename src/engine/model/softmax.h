// The softmax of a few numbers; rows of them are the kernels'.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace engine {

inline void softmax(std::span<float> values) {
  const float highest = std::ranges::max(values);
  float sum = 0;
  for (float& value : values) sum += value = std::exp(value - highest);
  for (float& value : values) value /= sum;
}

}  // namespace engine
