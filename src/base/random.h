// The randomness seam: ids, keys, jitter and padding come from a Random given to the constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace base {

// Any thread, for SystemRandom; one thread, for SeededRandom.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t u64();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double unit();
  // `length` characters, each uniform in `alphabet`.
  std::string text(std::size_t length, std::string_view alphabet);
  std::string hex(std::size_t length);  // one draw for all of it: request ids are made per request
  std::string base62(std::size_t length);
};

// The kernel's generator; fit for keys.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

// splitmix64 from a seed: the same seed gives the same sequence on every machine. Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace base
