#include "compute/quant/fit.h"

#include <algorithm>
#include <cmath>

namespace compute::quant {
namespace {

// Candidates reach from using the whole range of integers to one step more or less at its end.
constexpr int kCandidates = 10;
constexpr float kCandidateStep = 0.1f;

// Least squares over (q, 1): the scale and offset that suit given integers best.
struct LineSums {
  double n = 0, q = 0, qq = 0, x = 0, qx = 0;

  void add(int integer, float value) {
    n += 1;
    q += integer;
    qq += integer * integer;
    x += value;
    qx += static_cast<double>(integer) * value;
  }

  ScaleAndOffset solve(bool offset_not_negative) const {
    const double determinant = n * qq - q * q;
    if (determinant <= 0) return {};
    const double scale = (n * qx - q * x) / determinant;
    const double offset = (q * qx - qq * x) / determinant;
    if (offset_not_negative && offset < 0) return {static_cast<float>(qx / qq), 0};
    return {static_cast<float>(scale), static_cast<float>(offset)};
  }
};

ScaleAndOffset solve_for(std::span<const float> x, float inverse, float offset, int q_max,
                         bool offset_not_negative) {
  LineSums sums;
  for (const float value : x) sums.add(nearest(inverse * (value + offset), 0, q_max), value);
  return sums.solve(offset_not_negative);
}

}  // namespace

int nearest(float x, int low, int high) {
  const float limited = std::min(std::max(static_cast<float>(low), x), static_cast<float>(high));
  return static_cast<int>(std::lrint(limited));
}

float fit_scale(std::span<const float> x, int n) {
  float extreme = 0;
  for (const float value : x) {
    if (std::fabs(value) > std::fabs(extreme)) extreme = value;
  }
  if (extreme == 0) return 0;

  float best_scale = -extreme / static_cast<float>(n);
  float best_gain = 0;
  const auto consider = [&](float inverse) {
    float qx = 0;
    float qq = 0;
    for (const float value : x) {
      const auto q = static_cast<float>(nearest(inverse * value, -n, n - 1));
      qx += q * value;
      qq += q * q;
    }
    // The error is sum x^2 - qx^2 / qq when the scale is qx / qq.
    if (qq > 0 && qx * qx > best_gain * qq) {
      best_gain = qx * qx / qq;
      best_scale = qx / qq;
    }
  };
  for (int i = -kCandidates; i <= kCandidates; ++i) {
    const float steps = static_cast<float>(n) + kCandidateStep * static_cast<float>(i);
    consider(-steps / extreme);
    consider((steps - 1) / extreme);
  }
  return best_scale;
}

ScaleAndOffset fit_scale_and_offset(std::span<const float> x, int q_max, bool offset_not_negative) {
  const auto [least, greatest] = std::ranges::minmax(x);
  const float bottom = offset_not_negative ? std::min(least, 0.0f) : least;
  if (!(greatest > bottom)) return {0, -bottom};

  ScaleAndOffset best = {(greatest - bottom) / static_cast<float>(q_max), -bottom};
  float best_error = error_of(x, best.scale, best.offset, 0, q_max);
  const auto consider = [&](ScaleAndOffset candidate) {
    if (!(candidate.scale > 0)) return false;
    const float error = error_of(x, candidate.scale, candidate.offset, 0, q_max);
    if (!(error < best_error)) return false;
    best = candidate;
    best_error = error;
    return true;
  };
  for (int i = -kCandidates; i <= kCandidates; ++i) {
    const float steps = static_cast<float>(q_max) + kCandidateStep * static_cast<float>(i);
    consider(solve_for(x, steps / (greatest - bottom), -bottom, q_max, offset_not_negative));
  }
  // From the best start, integers and line improve each other until they no longer do.
  for (int round = 0; round < 4; ++round) {
    if (!consider(solve_for(x, 1 / best.scale, best.offset, q_max, offset_not_negative))) break;
  }
  return best;
}

float error_of(std::span<const float> x, float scale, float offset, int low, int high) {
  const float inverse = scale != 0 ? 1 / scale : 0;
  float error = 0;
  for (const float value : x) {
    const auto q = static_cast<float>(nearest(inverse * (value + offset), low, high));
    const float difference = scale * q - offset - value;
    error += difference * difference;
  }
  return error;
}

}  // namespace compute::quant
