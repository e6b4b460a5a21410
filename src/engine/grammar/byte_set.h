// A set of byte values.
#pragma once

#include <array>
#include <cstdint>

namespace engine::grammar {

class ByteSet {
 public:
  constexpr ByteSet() = default;
  static constexpr ByteSet range(unsigned first, unsigned last) {
    ByteSet set;
    set.add(first, last);
    return set;
  }

  constexpr void add(unsigned byte) { words_[byte >> 6] |= std::uint64_t{1} << (byte & 63); }
  // Adds first..last, both included.
  constexpr void add(unsigned first, unsigned last) {
    for (unsigned byte = first; byte <= last; ++byte) add(byte);
  }
  constexpr bool contains(unsigned byte) const { return words_[byte >> 6] >> (byte & 63) & 1; }
  constexpr bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  constexpr ByteSet inverted() const {
    ByteSet set;
    for (unsigned i = 0; i < 4; ++i) set.words_[i] = ~words_[i];
    return set;
  }
  constexpr const std::array<std::uint64_t, 4>& words() const { return words_; }
  constexpr bool operator==(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace engine::grammar
