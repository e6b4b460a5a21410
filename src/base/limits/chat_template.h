// Limits of chat templates (Jinja from a model file or a request: untrusted).
#pragma once

#include <cstddef>

namespace limits {

inline constexpr std::size_t template_source_bytes_max = 1024 * 1024;
inline constexpr std::size_t template_syntax_depth_max = 250;  // nested tags and expressions
inline constexpr std::size_t template_steps_max = 20'000'000;  // nodes evaluated; about two seconds
inline constexpr std::size_t template_depth_max = 1'000;       // evaluations inside each other
inline constexpr std::size_t template_value_depth_max = 200;   // lists in lists
inline constexpr std::size_t template_range_items_max = 100'000;  // as Jinja's sandbox
inline constexpr std::size_t template_output_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t template_live_bytes_max = 512 * 1024 * 1024;  // all values together
inline constexpr std::size_t template_work_bytes_max = std::size_t{16} << 30;  // read and written

}  // namespace limits
