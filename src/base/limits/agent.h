// Limits of the loop of model and tools.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

inline constexpr int agent_rounds_max = 32;         // readings of the model in one response
inline constexpr int agent_hosted_calls_max = 64;   // hosted calls in one response
inline constexpr auto agent_time_max = 6h;          // of one response, all rounds together
inline constexpr auto agent_tool_time_max = 10min;  // of one hosted call

}  // namespace limits
