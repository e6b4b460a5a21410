// Limits of vocabularies.
#pragma once

#include <cstddef>

namespace limits {

inline constexpr std::size_t vocabulary_tokens_max = 1 << 23;
inline constexpr std::size_t token_bytes_max = 16 * 1024;

}  // namespace limits
