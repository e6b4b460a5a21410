// Helpers for kernels. Files that are compiled for a special instruction set must not emit shared
// inline functions: the linker could keep that copy for everyone. Hence everything is forced
// inline.
#pragma once

#include <cstddef>
#include <utility>

#define COMPUTE_INLINE inline __attribute__((always_inline))

namespace compute {

template <std::size_t value>
struct Constant {
  constexpr operator std::size_t() const { return value; }
};

// Calls fn(Constant<0>), fn(Constant<1>)... up to n - 1: a loop that is always unrolled, so that
// arrays indexed in it live in registers.
template <std::size_t n, class Fn>
COMPUTE_INLINE void unrolled(const Fn& fn) {
  [&]<std::size_t... i>(std::index_sequence<i...>)
      __attribute__((always_inline)) { (fn(Constant<i>{}), ...); }(std::make_index_sequence<n>{});
}

}  // namespace compute
