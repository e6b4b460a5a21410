// The version of the program.
#pragma once

namespace base {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace base
