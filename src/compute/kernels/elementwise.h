// Activations and other functions of single elements, over a vocabulary V.
#pragma once

#include <cstddef>

#include "compute/kernels/functions.h"
#include "compute/kernels/inline.h"

namespace compute {

template <class V>
struct Silu {
  static COMPUTE_INLINE auto apply(typename V::F32 x) { return V::mul(x, sigmoid<V>(x)); }
};
template <class V>
struct GeluTanh {
  static COMPUTE_INLINE auto apply(typename V::F32 x) {
    const auto cubic = V::fma(V::mul(V::mul(x, x), x), V::set(0.044715f), x);
    const auto t = tanh<V>(V::mul(cubic, V::set(0.79788456f)));  // sqrt(2 / pi)
    return V::mul(V::mul(V::set(0.5f), x), V::add(V::set(1.0f), t));
  }
};
template <class V>
struct GeluErf {
  static COMPUTE_INLINE auto apply(typename V::F32 x) {
    const auto e = erf<V>(V::mul(x, V::set(0.70710678f)));
    return V::mul(V::mul(V::set(0.5f), x), V::add(V::set(1.0f), e));
  }
};
template <class V>
struct GeluQuick {
  static COMPUTE_INLINE auto apply(typename V::F32 x) {
    return V::mul(x, sigmoid<V>(V::mul(x, V::set(1.702f))));
  }
};
template <class V>
struct Relu {
  static COMPUTE_INLINE auto apply(typename V::F32 x) { return V::max(x, V::zero()); }
};
template <class V>
struct Relu2 {
  static COMPUTE_INLINE auto apply(typename V::F32 x) {
    const auto positive = V::max(x, V::zero());
    return V::mul(positive, positive);
  }
};
template <class V>
struct Sigmoid {
  static COMPUTE_INLINE auto apply(typename V::F32 x) { return sigmoid<V>(x); }
};
template <class V>
struct Tanh {
  static COMPUTE_INLINE auto apply(typename V::F32 x) { return tanh<V>(x); }
};

// Calls fn(index, count) for every 16 elements and for what is left.
template <class Fn>
COMPUTE_INLINE void sixteens(std::size_t n, const Fn& fn) {
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) fn(i, Constant<16>{});
  if (i < n) fn(i, n - i);
}

template <class V>
COMPUTE_INLINE typename V::F32 load_some(const float* p, Constant<16>) {
  return V::load(p);
}
template <class V>
COMPUTE_INLINE typename V::F32 load_some(const float* p, std::size_t count) {
  return V::load_first(p, count);
}
template <class V>
COMPUTE_INLINE void store_some(float* p, typename V::F32 x, Constant<16>) {
  V::store(p, x);
}
template <class V>
COMPUTE_INLINE void store_some(float* p, typename V::F32 x, std::size_t count) {
  V::store_first(p, x, count);
}

template <class V, class Function>
void gated(const float* x, const float* up, float* out, std::size_t n) {
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    auto value = Function::apply(load_some<V>(x + i, count));
    if (up != nullptr) value = V::mul(value, load_some<V>(up + i, count));
    store_some<V>(out + i, value, count);
  });
}

template <class V>
void swiglu_clamped(const float* gate, const float* up, float alpha, float limit, float* out,
                    std::size_t n) {
  const auto upper = V::set(limit);
  const auto lower = V::set(-limit);
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    const auto g = V::min(load_some<V>(gate + i, count), upper);
    const auto u = V::max(lower, V::min(upper, load_some<V>(up + i, count)));
    const auto activated = V::mul(g, sigmoid<V>(V::mul(g, V::set(alpha))));
    store_some<V>(out + i, V::mul(activated, V::add(u, V::set(1.0f))), count);
  });
}

template <class V>
void softcap(float* x, float cap, std::size_t n) {
  sixteens(n, [&](std::size_t i, auto count) __attribute__((always_inline)) {
    const auto ratio = V::div(load_some<V>(x + i, count), V::set(cap));
    store_some<V>(x + i, V::mul(V::set(cap), tanh<V>(ratio)), count);
  });
}

}  // namespace compute
