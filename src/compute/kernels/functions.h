// Exponential and its relatives for 16 numbers at once, over a vocabulary V. Results are the same
// in every instruction set with fused multiply-add.
#pragma once

#include "compute/kernels/inline.h"

namespace compute {

// e^x, within 2 units in the last place; 0 below -103.97, infinity above 88.72. The argument is
// split into n ln 2 + r with |r| <= ln 2 / 2, and e^r is a Taylor series whose first missing term
// is below 2^-25 (r^7 / 7! < 1.3e-7 relative at the ends, rounded into the last coefficient).
template <class V>
COMPUTE_INLINE typename V::F32 exp(typename V::F32 x) {
  const auto clamped = V::max(V::set(-104.0f), V::min(V::set(89.0f), x));
  const auto n = V::to_f32(V::round(V::mul(clamped, V::set(1.44269504f))));
  auto r = V::fma(n, V::set(-0.693359375f), clamped);  // ln 2 in two parts: 9 bits, the rest
  r = V::fma(n, V::set(2.12194440e-4f), r);
  auto p = V::set(1.9875691500e-4f);
  p = V::fma(p, r, V::set(1.3981999507e-3f));
  p = V::fma(p, r, V::set(8.3334519073e-3f));
  p = V::fma(p, r, V::set(4.1665795894e-2f));
  p = V::fma(p, r, V::set(1.6666665459e-1f));
  p = V::fma(p, r, V::set(0.5f));
  const auto e = V::add(V::fma(V::mul(p, r), r, r), V::set(1.0f));
  return V::times_power_of_two(e, n);
}

template <class V>
COMPUTE_INLINE typename V::F32 negate(typename V::F32 x) {
  return V::sub(V::zero(), x);
}

// 1 / (1 + e^-x).
template <class V>
COMPUTE_INLINE typename V::F32 sigmoid(typename V::F32 x) {
  const auto one = V::set(1.0f);
  return V::div(one, V::add(one, exp<V>(negate<V>(x))));
}

// An odd polynomial near zero, where 1 - 2 / (e^2x + 1) would lose digits.
template <class V>
COMPUTE_INLINE typename V::F32 tanh(typename V::F32 x) {
  const auto one = V::set(1.0f);
  const auto far = V::sub(one, V::div(V::set(2.0f), V::add(exp<V>(V::add(x, x)), one)));
  const auto z = V::mul(x, x);
  auto p = V::set(-5.70498872745e-3f);
  p = V::fma(p, z, V::set(2.06390887954e-2f));
  p = V::fma(p, z, V::set(-5.37397155531e-2f));
  p = V::fma(p, z, V::set(1.33314422036e-1f));
  p = V::fma(p, z, V::set(-3.33332819422e-1f));
  const auto near = V::fma(V::mul(p, z), x, x);
  return V::where_less(V::abs(x), V::set(0.625f), near, far);
}

// Within 1.5e-7 (Abramowitz & Stegun, 7.1.26).
template <class V>
COMPUTE_INLINE typename V::F32 erf(typename V::F32 x) {
  const auto one = V::set(1.0f);
  const auto magnitude = V::abs(x);
  const auto t = V::div(one, V::fma(V::set(0.3275911f), magnitude, one));
  auto p = V::set(1.061405429f);
  p = V::fma(p, t, V::set(-1.453152027f));
  p = V::fma(p, t, V::set(1.421413741f));
  p = V::fma(p, t, V::set(-0.284496736f));
  p = V::fma(p, t, V::set(0.254829592f));
  const auto tail = V::mul(V::mul(p, t), exp<V>(negate<V>(V::mul(x, x))));
  const auto positive = V::sub(one, tail);
  return V::where_less(x, V::zero(), negate<V>(positive), positive);
}

}  // namespace compute
