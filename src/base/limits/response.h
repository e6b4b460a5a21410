// Limits of responses.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace limits {

using namespace std::chrono_literals;

inline constexpr std::int64_t output_tokens_min = 16;  // of `max_output_tokens`
inline constexpr std::int64_t compact_threshold_min = 1'000;
inline constexpr std::size_t safety_identifier_chars_max = 64;
inline constexpr std::size_t compact_cache_key_chars_max = 64;
inline constexpr std::size_t tool_name_chars_max = 128;
inline constexpr std::int64_t unstored_response_seconds_kept = 600;  // in the background
inline constexpr std::size_t response_chain_turns_max = 10'000;      // by `previous_response_id`
// What the items before a request's own may take, as JSON: they are all in memory at once.
inline constexpr std::size_t response_context_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t response_jobs_at_once_max = 32;  // in the background
inline constexpr std::size_t response_events_per_read = 256;
inline constexpr std::size_t response_events_per_write = 512;
// A stream that is silent for this long sends an event that says so: some clients give up on
// streams without events, whatever else they carry.
inline constexpr auto response_keepalive_interval = 15s;
inline constexpr auto conversation_lease_time = 10min;  // of a response that a client waits for
inline constexpr auto background_lease_time = 24h;      // of one that a job runs
inline constexpr int response_attempts_max = 2;         // in the background: run again once

}  // namespace limits
