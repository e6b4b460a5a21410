#include "compute/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace compute {
namespace {

// The pair whose wave makes `turns` full turns within the original context, as a real number.
double pair_of_turns(double turns, const RopeOptions& options) {
  const auto context = static_cast<double>(options.original_context);
  return static_cast<double>(options.n_rotated) *
         std::log(context / (turns * 2 * std::numbers::pi)) /
         (2 * std::log(static_cast<double>(options.base)));
}

// How much of the scaled frequency a pair takes: 0 below `low` (fast waves stay), 1 above `high`.
double ramp(double low, double high, double pair) {
  return std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
}

}  // namespace

Rope::Rope(const RopeOptions& options) : pairing_(options.pairing) {
  CHECK(options.n_rotated % 2 == 0);
  const std::size_t n_pairs = options.n_rotated / 2;
  CHECK(options.frequency_divisors.empty() || options.frequency_divisors.size() >= n_pairs);

  const bool yarn = options.extension_factor != 0;
  double low = 0;
  double high = 0;
  if (yarn) {
    low = std::max(0.0, std::floor(pair_of_turns(options.beta_fast, options)));
    high = std::min(static_cast<double>(options.n_rotated) - 1,
                    std::ceil(pair_of_turns(options.beta_slow, options)));
  }

  for (std::size_t i = 0; i < n_pairs; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(options.n_rotated);
    double unscaled = std::pow(static_cast<double>(options.base), exponent);
    if (!options.frequency_divisors.empty()) unscaled /= options.frequency_divisors[i];
    const double scaled = unscaled * options.frequency_scale;
    const double kept =
        yarn ? (1 - ramp(low, high, static_cast<double>(i))) * options.extension_factor : 0;
    frequencies_.push_back(scaled * (1 - kept) + unscaled * kept);
  }

  magnitude_ = options.attention_factor;
  // YaRN, section 3.4: attention sharpens with the logarithm of the extension.
  if (yarn) magnitude_ *= 1.0f + 0.1f * std::log(1.0f / options.frequency_scale);
}

void RopeAngles::set(const Rope& rope, std::span<const std::int32_t> positions) {
  const auto frequencies = rope.frequencies();
  n_tokens_ = positions.size();
  n_pairs_ = frequencies.size();
  pairing_ = rope.pairing();
  table_.resize(n_tokens_ * 2 * n_pairs_);
  auto* out = table_.data();
  for (const auto position : positions) {
    for (std::size_t i = 0; i < n_pairs_; ++i) {
      const double angle = position * frequencies[i];
      out[i] = static_cast<float>(std::cos(angle)) * rope.magnitude();
      out[n_pairs_ + i] = static_cast<float>(std::sin(angle)) * rope.magnitude();
    }
    out += 2 * n_pairs_;
  }
}

std::span<const float> RopeAngles::cosines(std::size_t token) const {
  return {table_.data() + token * 2 * n_pairs_, n_pairs_};
}

std::span<const float> RopeAngles::sines(std::size_t token) const {
  return {table_.data() + (token * 2 + 1) * n_pairs_, n_pairs_};
}

namespace ops {
namespace {

void rotate(float& a, float& b, float cosine, float sine) {
  const float rotated_a = a * cosine - b * sine;
  const float rotated_b = a * sine + b * cosine;
  a = rotated_a;
  b = rotated_b;
}

void rotate_head(float* head, std::span<const float> cosines, std::span<const float> sines,
                 RopePairing pairing) {
  const std::size_t n_pairs = cosines.size();
  if (pairing == RopePairing::Adjacent) {
    for (std::size_t i = 0; i < n_pairs; ++i) {
      rotate(head[2 * i], head[2 * i + 1], cosines[i], sines[i]);
    }
  } else {
    for (std::size_t i = 0; i < n_pairs; ++i) {
      rotate(head[i], head[n_pairs + i], cosines[i], sines[i]);
    }
  }
}

}  // namespace

void rope(Tensor x, const RopeAngles& angles, Pool& pool) {
  CHECK(x.rank() == 3 && x.extent(0) == angles.n_tokens());
  CHECK(angles.n_rotated() <= x.extent(2));
  const std::size_t n_heads = x.extent(1);
  const std::size_t d_head = x.extent(2);
  const std::size_t tokens_per_range = std::max<std::size_t>(1, 16'384 / (n_heads * d_head));
  pool.parallel_for(x.extent(0), tokens_per_range, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      float* token = x.values() + t * n_heads * d_head;
      for (std::size_t h = 0; h < n_heads; ++h) {
        rotate_head(token + h * d_head, angles.cosines(t), angles.sines(t), angles.pairing());
      }
    }
  });
}

}  // namespace ops
}  // namespace compute
