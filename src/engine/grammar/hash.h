// Mixing of 64-bit words: for hash tables and for the digests by which values are compared.
#pragma once

#include <cstdint>

namespace engine::grammar {

// One round of a multiply-and-fold hash; good enough for tables and, at 64 bits, for telling the
// items of one list apart.
inline std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  const auto product =
      static_cast<unsigned __int128>(state ^ 0x9E3779B97F4A7C15u) * (word ^ 0xD6E8FEB86659FD93u);
  return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

}  // namespace engine::grammar
