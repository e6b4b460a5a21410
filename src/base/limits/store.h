// Limits of the database behind everything.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

inline constexpr auto store_busy_time_max = 5'000ms;      // waiting for a connection or a file lock
inline constexpr std::size_t store_statements_max = 256;  // prepared statements of one connection
inline constexpr std::size_t store_write_queue_max = 10'000;  // waiting writes; more are Overloaded
inline constexpr std::size_t store_write_group_max = 512;     // writes in one commit

}  // namespace limits
