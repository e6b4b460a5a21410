#include "vector/turn.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace vector {
namespace {

// SplitMix64: 64 signs at a time.
std::uint64_t signs(std::uint64_t number) {
  std::uint64_t x = (number + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// The Walsh-Hadamard transform; the size is a power of two.
void mix(std::span<float> x) {
  for (std::size_t half = 1; half < x.size(); half *= 2) {
    for (std::size_t begin = 0; begin < x.size(); begin += 2 * half) {
      for (std::size_t i = begin; i < begin + half; ++i) {
        const float a = x[i], b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
  const float length = 1 / std::sqrt(static_cast<float>(x.size()));
  for (float& each : x) each *= length;
}

}  // namespace

// Twice random signs and a transform; of another size than a power of two, of its beginning and of
// its end.
void turn(std::span<float> vector) {
  if (vector.empty()) return;
  const std::size_t n = vector.size(), part = std::bit_floor(n);
  for (std::uint64_t round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < n; ++i) {
      if (signs(2 * (i / 64) + round) >> (i % 64) & 1) vector[i] = -vector[i];
    }
    mix(vector.first(part));
    if (part < n) mix(vector.last(part));
  }
}

}  // namespace vector
