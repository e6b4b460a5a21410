// Limits of background jobs.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

inline constexpr auto job_lease_time = 30s;  // a worker silent for this long has lost its job
inline constexpr auto job_heartbeat_interval = 10s;
inline constexpr auto job_poll_interval = 1s;  // looking for jobs that nobody announced
inline constexpr auto job_backoff_first = 1s;
inline constexpr auto job_backoff_max = 300s;
inline constexpr std::size_t jobs_at_once_max = 64;  // of one process, all kinds together
inline constexpr std::size_t job_early_nudges_max = 1'024;

}  // namespace limits
