// Limits of webhooks.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

inline constexpr std::size_t webhook_endpoints_max = 20;  // of one project
inline constexpr std::size_t webhook_url_chars_max = 2'048;
inline constexpr auto webhook_answer_time_max = 10s;  // connecting included
inline constexpr auto webhook_age_max = 72h;          // then a delivery is given up
inline constexpr int webhook_attempts_max = 2'000;    // more than fit into that time
inline constexpr std::size_t webhooks_at_once_max = 8;

}  // namespace limits
