// Limits of compiling grammars and schemas.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

// Of CPU. The proof that something satisfies a schema, and finding out why nothing does, take the
// rest of a second at the most.
inline constexpr auto grammar_compile_time_max = 600ms;
// About 120 and 64 bytes each with their indices: together some 40 MB at the most.
inline constexpr std::size_t grammar_terms_max = 300'000;
inline constexpr std::size_t grammar_nodes_max = 200'000;

// Of a user's grammar or regular expression; its syntax tree takes some 40 times as much.
inline constexpr std::size_t grammar_definition_bytes_max = 256 * 1024;

// Compiled grammars that a loaded model keeps, of all projects together.
inline constexpr std::size_t grammar_cache_bytes_max = std::size_t{128} << 20;

// Letters that the texts of an enum do not share; about 60 bytes each.
inline constexpr std::size_t grammar_trie_states_max = 300'000;

}  // namespace limits
