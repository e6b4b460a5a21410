#include "compute/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace compute {
namespace {

// The pair whose wave makes `turns` full turns within the original context, as a real number.
float pair_of_turns(float turns, const RopeOptions& options) {
  const auto context = static_cast<float>(options.original_context);
  return static_cast<float>(options.n_rotated) *
         std::log(context / (turns * 2 * std::numbers::pi_v<float>)) / (2 * std::log(options.base));
}

// How much of the scaled frequency a pair takes: 0 below `low` (fast waves stay), 1 above `high`.
float ramp(float low, float high, float pair) {
  return std::clamp((pair - low) / std::max(0.001f, high - low), 0.0f, 1.0f);
}

}  // namespace

Rope::Rope(const RopeOptions& options)
    : frequency_scale_(options.frequency_scale), pairing_(options.pairing) {
  CHECK(options.n_rotated % 2 == 0);
  const std::size_t n_pairs = options.n_rotated / 2;
  CHECK(options.frequency_divisors.empty() || options.frequency_divisors.size() >= n_pairs);
  if (n_pairs > 0) {
    pair_ratio_ = std::pow(options.base, -2.0f / static_cast<float>(options.n_rotated));
  }
  if (!options.frequency_divisors.empty()) {
    divisors_.assign(options.frequency_divisors.begin(),
                     options.frequency_divisors.begin() + static_cast<std::ptrdiff_t>(n_pairs));
  }
  const bool yarn = options.extension_factor != 0;
  float low = 0;
  float high = 0;
  if (yarn) {
    low = std::max(0.0f, std::floor(pair_of_turns(options.beta_fast, options)));
    high = std::min(static_cast<float>(options.n_rotated) - 1,
                    std::ceil(pair_of_turns(options.beta_slow, options)));
  }
  for (std::size_t i = 0; i < n_pairs; ++i) {
    unscaled_share_.push_back(
        yarn ? (1 - ramp(low, high, static_cast<float>(i))) * options.extension_factor : 0);
  }
  magnitude_ = options.attention_factor;
  // YaRN, section 3.4: attention sharpens with the logarithm of the extension.
  if (yarn) magnitude_ *= 1.0f + 0.1f * std::log(std::max(1.0f, 1.0f / options.frequency_scale));
}

void Rope::angles(std::int32_t position, std::span<float> out) const {
  auto running = static_cast<float>(position);
  for (std::size_t i = 0; i < unscaled_share_.size(); ++i) {
    const float unscaled = divisors_.empty() ? running : running / divisors_[i];
    const float share = unscaled_share_[i];
    out[i] = frequency_scale_ * unscaled * (1 - share) + unscaled * share;
    running *= pair_ratio_;
  }
}

void RopeAngles::set(const Rope& rope, std::span<const std::int32_t> positions) {
  n_tokens_ = positions.size();
  n_pairs_ = rope.n_rotated() / 2;
  pairing_ = rope.pairing();
  table_.resize(n_tokens_ * 2 * n_pairs_);
  auto* out = table_.data();
  for (const auto position : positions) {
    const std::span angles(out + n_pairs_, n_pairs_);
    rope.angles(position, angles);
    for (std::size_t i = 0; i < n_pairs_; ++i) {
      const float angle = angles[i];
      out[i] = std::cos(angle) * rope.magnitude();
      out[n_pairs_ + i] = std::sin(angle) * rope.magnitude();
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
