// Finding the scale (and minimum) with which small integers come closest to a group of weights, in
// least squares.
#pragma once

#include <cstdint>
#include <span>

namespace compute::quant {

// The nearest integer in [low, high]; NaN gives low.
int nearest(float x, int low, int high);

// A scale such that scale * q, q in [-n, n - 1], is close to x. The scale may be negative: the
// value of the largest magnitude then takes the longer side.
float fit_scale(std::span<const float> x, int n);

struct ScaleAndOffset {
  float scale = 0;
  float offset = 0;
};

// scale >= 0 and offset such that scale * q - offset, q in [0, q_max], is close to x.
// `offset_not_negative`: for formats that store the offset without a sign.
ScaleAndOffset fit_scale_and_offset(std::span<const float> x, int q_max, bool offset_not_negative);

// Sum of (scale * q - offset - x)^2 with the best q in [low, high] for each x. scale 0 means q = 0.
float error_of(std::span<const float> x, float scale, float offset, int low, int high);

}  // namespace compute::quant
