// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) with the scalings that models use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compute/tensor.h"
#include "compute/threads.h"

namespace compute {

// Which two elements of a head form a pair.
enum class RopePairing {
  Adjacent,  // (0, 1), (2, 3)...: llama in GGUF ("NORM")
  Halves,    // (0, n/2), (1, n/2 + 1)...: most others ("NEOX")
};

struct RopeOptions {
  std::size_t n_rotated = 0;  // leading elements of each head that rotate; even
  float base = 10'000;
  RopePairing pairing = RopePairing::Adjacent;

  float frequency_scale = 1;                       // linear scaling: 1 / factor
  float attention_factor = 1;                      // multiplies cosine and sine
  std::span<const float> frequency_divisors = {};  // [n_rotated / 2] (llama 3, longrope), or empty

  // YaRN (arXiv 2309.00071): frequencies between the two betas move from scaled to unscaled.
  float extension_factor = 0;  // 0: no YaRN
  float beta_fast = 32;
  float beta_slow = 1;
  std::size_t original_context = 0;
};

// The frequencies of one kind of layer. Made once per model, read by any thread.
class Rope {
 public:
  explicit Rope(const RopeOptions& options);

  std::size_t n_rotated() const { return 2 * unscaled_share_.size(); }
  RopePairing pairing() const { return pairing_; }
  float magnitude() const { return magnitude_; }
  // The angles of all pairs at one position. Single precision and one multiplication per pair, the
  // way the reference computes them that models are compared with: far into a long text the
  // rounding of an angle decides more than the rounding of everything else.
  void angles(std::int32_t position, std::span<float> out) const;

 private:
  float pair_ratio_ = 1;  // of the frequencies of neighbouring pairs
  float frequency_scale_ = 1;
  std::vector<float> divisors_;        // [n_pairs] or empty
  std::vector<float> unscaled_share_;  // [n_pairs]: YaRN
  float magnitude_ = 1;
  RopePairing pairing_;
};

// Cosines and sines of the tokens of one step, shared by all layers with the same Rope. Keep it
// from step to step, so that its memory is allocated once.
class RopeAngles {
 public:
  // One position per token; negative positions rotate backwards.
  void set(const Rope& rope, std::span<const std::int32_t> positions);

  std::size_t n_tokens() const { return n_tokens_; }
  std::size_t n_rotated() const { return 2 * n_pairs_; }
  RopePairing pairing() const { return pairing_; }
  // [n_rotated / 2] each.
  std::span<const float> cosines(std::size_t token) const;
  std::span<const float> sines(std::size_t token) const;

 private:
  std::size_t n_tokens_ = 0;
  std::size_t n_pairs_ = 0;
  RopePairing pairing_ = RopePairing::Adjacent;
  std::vector<float> table_;  // [n_tokens, 2, n_pairs]
};

namespace ops {

// Rotates the heads of every token in place; elements from n_rotated on stay. x: [T, n_heads,
// d_head].
void rope(Tensor x, const RopeAngles& angles, Pool& pool);

}  // namespace ops
}  // namespace compute
