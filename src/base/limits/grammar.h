// Limits of compiling grammars and schemas.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace limits {

using namespace std::chrono_literals;

// Of CPU: compiling, then the search for something that satisfies it, then finding out why nothing
// does or whether a whole turn can end. Together less than a second.
inline constexpr auto grammar_compile_time_max = 600ms;
inline constexpr auto grammar_proof_time_max = 200ms;
inline constexpr auto grammar_blame_time_max = 150ms;
// Of CPU, of one search for an end while something is generated. Such searches are bounded by
// steps, which take less; this is for machines and grammars where a step takes long.
inline constexpr auto grammar_search_time_max = 1s;

// Terms take about 60 bytes with their index and 40 with a derivative, nodes 64, cells of automata
// 4 and their states 16 cells, shapes what is estimated of each: 30 + 10 + 12 + 12 = 64 MB at most.
inline constexpr std::size_t grammar_terms_max = 300'000;
inline constexpr std::size_t grammar_nodes_max = 150'000;
inline constexpr std::size_t grammar_cells_max = 1'500'000;
inline constexpr std::size_t grammar_shape_bytes_max = std::size_t{12} << 20;

// Levels of groups in a grammar or regular expression, of keywords in a schema (references
// included), of values in a `const` or `enum`.
inline constexpr int grammar_groups_depth_max = 200;
inline constexpr int schema_depth_max = 400;
inline constexpr int schema_constant_depth_max = 100;

inline constexpr std::size_t regex_bytes_max = 64 * 1024;
inline constexpr std::uint32_t regex_count_max = 1'000'000'000;  // of {n,m}
// A group with lookaheads inside is written out so often.
inline constexpr std::uint32_t regex_asserting_repeats_max = 16;

inline constexpr std::size_t grammar_places_max = 100'000;   // of the rules of one grammar
inline constexpr std::uint32_t grammar_repeats_max = 1'000;  // of a part that is no plain text

// Of a user's grammar or regular expression; its syntax tree takes some 40 times as much.
inline constexpr std::size_t grammar_definition_bytes_max = 256 * 1024;

// Compiled grammars that a loaded model keeps, of all projects together.
inline constexpr std::size_t grammar_cache_bytes_max = std::size_t{128} << 20;

// Letters that the texts of an enum do not share; about 60 bytes each.
inline constexpr std::size_t grammar_trie_states_max = 300'000;

}  // namespace limits
