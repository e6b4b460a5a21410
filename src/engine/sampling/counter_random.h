// Randomness without state: a number that depends on (seed, stream, position) only, so that a
// sequence draws the same numbers whatever else is in its batch and however often it is recomputed.
#pragma once

#include <cstdint>

namespace engine {

// The finalizer of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators", 2014): every input bit reaches every output bit.
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Uniform in [0, 1), 53 bits. `stream` tells apart the choices of one request, `position` is the
// index of the generated token.
constexpr double counter_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
  const auto bits = mix_bits(mix_bits(mix_bits(seed) ^ stream) ^ position);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace engine
