#include "compute/matmul_bound.h"

#include <algorithm>
#include <cmath>

#include "compute/kernels/packed_format.h"
#include "compute/pack_strip.h"

namespace compute {

MatmulRounding rounding_beside(DType dtype) {
  const auto format = packed_format(dtype);
  if (format == PackedFormat::Fixed) {
    return {.columns_per_scale = kFixedColumns, .steps = kFixedMostOfX, .weight_steps = kFixedMost};
  }
  if (is_float(format)) return {.to_bf16 = format == PackedFormat::BF16};
  return {.columns_per_scale = scale_blocks(format) * kBlock};
}

double matmul_error_max(std::span<const float> row, std::span<const float> x,
                        const MatmulRounding& rounding) {
  const std::size_t span = rounding.columns_per_scale > 0 ? rounding.columns_per_scale : x.size();
  double rounded = 0;    // to integers: half a step of the block's scale, largest / steps
  double shortened = 0;  // of x to bf16
  double magnitude = 0;
  for (std::size_t begin = 0; begin < x.size(); begin += span) {
    const std::size_t end = std::min(begin + span, x.size());
    double largest = 0, largest_weight = 0;
    for (std::size_t k = begin; k < end; ++k) {
      largest = std::max(largest, std::fabs(static_cast<double>(x[k])));
      largest_weight = std::max(largest_weight, std::fabs(static_cast<double>(row[k])));
      magnitude += rounding.weight_scale * std::fabs(x[k]);
    }
    for (std::size_t k = begin; k < end; ++k) {
      rounded += std::fabs(row[k]) * largest / (2 * rounding.steps);
      if (rounding.weight_steps > 0) {
        const double x_bound = std::fabs(x[k]) + largest / (2 * rounding.steps);
        rounded += x_bound * largest_weight / (2 * rounding.weight_steps);
      }
      shortened += std::fabs(row[k] * x[k]) * 0x1p-8;
    }
  }
  // f32: a few roundings for each term and each sum.
  const double f32 = magnitude * 4 * 0x1p-24 * std::sqrt(static_cast<double>(x.size()));
  return (rounding.columns_per_scale > 0 ? rounded : 0) + (rounding.to_bf16 ? shortened : 0) + f32;
}

}  // namespace compute
