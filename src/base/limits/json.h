// Limits of JSON documents.
#pragma once

#include <cstddef>

namespace limits {

inline constexpr std::size_t json_depth_max = 128;

}  // namespace limits
