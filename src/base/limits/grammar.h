// Limits of compiling grammars and schemas.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

inline constexpr auto grammar_compile_time_max = 1s;  // of CPU
// About 120 and 64 bytes each with their indices: together some 40 MB at the most.
inline constexpr std::size_t grammar_terms_max = 300'000;
inline constexpr std::size_t grammar_nodes_max = 200'000;

// Compiled grammars that a loaded model keeps, of all projects together.
inline constexpr std::size_t grammar_cache_bytes_max = std::size_t{128} << 20;

}  // namespace limits
