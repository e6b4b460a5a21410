// Random choices for generated conversations, and the ways people vary what they type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace train {

// One thread. The same seed says the same things.
class Voice {
 public:
  explicit Voice(std::uint64_t seed) : random_(seed) {}

  // Uniform in [low, high].
  int number(int low, int high) {
    return low + static_cast<int>(random_.below(std::uint64_t(high - low) + 1));
  }
  bool chance(double probability) { return random_.unit() < probability; }
  template <class List>
  const auto& pick(const List& list) {
    return list[random_.below(std::size(list))];
  }

  // One of the texts, each "{}" replaced by the next of `values`.
  std::string fill(const std::vector<std::string_view>& texts,
                   const std::vector<std::string>& values);
  // As somebody might type it: now and then without capital or mark, or with a word before it.
  std::string typed(std::string text);

 private:
  base::SeededRandom random_;
};

std::string lower_first(std::string text);
std::string upper_first(std::string text);
// ASCII letters as capitals.
std::string upper(std::string text);

}  // namespace train
