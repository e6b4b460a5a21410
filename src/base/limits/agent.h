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

// What a model too small to call a tool is told by it: it reads little.
inline constexpr std::size_t agent_small_model_text_bytes_max = 3'000;

}  // namespace limits
