// Counts that are int everywhere, as sizes of memory.
#pragma once

#include <cstddef>

namespace engine {

inline std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

}  // namespace engine
