// Random weights of any type for tests and benchmarks. Not part of the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "compute/dtype.h"
#include "compute/quant/dequantize.h"

namespace compute::testing {

inline std::vector<float> random_floats(std::size_t n, base::Random& random) {
  std::vector<float> values(n);
  for (auto& value : values) value = static_cast<float>(2 * random.unit() - 1);
  return values;
}

// `n` elements whose magnitudes are at most 4. Blocks are random bytes, drawn again until their
// scales are moderate, so that every bit of the format varies.
inline std::vector<std::byte> random_blocks(DType dtype, std::size_t n, base::Random& random) {
  const std::size_t elements = block_elements(dtype);
  const std::size_t bytes = block_bytes(dtype);
  std::vector<std::byte> all(n / elements * bytes);
  std::vector<float> values(elements);
  for (std::size_t b = 0; b < n / elements; ++b) {
    const auto block = std::span(all).subspan(b * bytes, bytes);
    float largest = 0;
    do {
      random.fill(block);
      quant::dequantize_row(dtype, block, values);
      largest = 0;
      for (const float value : values) {
        largest = std::isfinite(value) ? std::max(largest, std::fabs(value)) : INFINITY;
      }
    } while (!(largest <= 4 && (largest > 1e-4f || elements == 1)));
  }
  return all;
}

}  // namespace compute::testing
