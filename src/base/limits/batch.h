// Limits of batches.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace limits {

using namespace std::chrono_literals;

inline constexpr std::int64_t batch_input_bytes_max = 200ll * 1024 * 1024;
inline constexpr std::int64_t batch_lines_max = 50'000;
inline constexpr std::int64_t batch_embedding_inputs_max = 50'000;  // all lines together
inline constexpr std::size_t batch_errors_max = 100;                // told of one bad input file
inline constexpr std::int64_t batch_window_seconds = 24 * 3'600;
inline constexpr std::int64_t batch_output_seconds_default = 30 * 24 * 3'600;
// A line waits for the one that reads the beginning both share; at this speed, a hundred tokens a
// second and slow for any machine, it is taken to be read.
inline constexpr std::int64_t batch_head_bytes_per_second = 400;
inline constexpr std::size_t batches_running_max = 4;
inline constexpr std::int64_t batch_attempts_max = 1'000'000;  // each restart of the server is one
inline constexpr std::size_t batch_answer_bytes_max = 64 * 1024 * 1024;  // of one line
// A line that is told "busy" waits half a second, twice as long each time, a minute at most; after
// so many tries, some ten minutes, that is its answer.
inline constexpr int batch_busy_tries_max = 16;
inline constexpr auto batch_busy_wait_first = 500ms;
inline constexpr auto batch_busy_wait_max = 60s;

}  // namespace limits
