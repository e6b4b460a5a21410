// The vocabulary of kernels in plain C++, and its definition: what each word means here, it means
// in the other instruction sets. A kernel is a template over one of these structs.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "compute/kernels/inline.h"
#include "compute/quant/half.h"

namespace compute {

struct Scalar {
  struct F32 {  // 16 floats
    float v[16];
  };
  struct I32 {  // 16 integers of 32 bits
    std::int32_t v[16];
  };
  struct Bytes {  // 64 bytes: 16 lanes of 4
    std::uint8_t v[64];
  };

  // The piece of a product that is computed at once: strips of 16 weight rows by rows of x.
  static constexpr std::size_t kIntegerTileStrips = 1;
  static constexpr std::size_t kIntegerTileRows = 1;
  static constexpr std::size_t kFloatTileStrips = 1;
  static constexpr std::size_t kFloatTileRows = 1;
  // Sums of attention that run at once.
  static constexpr std::size_t kAttentionSums = 1;

  // prepare_wide(weights) leaves a bias of 2^this in the weights; -1: none.
  static constexpr int kWideBiasShift = 7;

  static F32 zero() { return set(0); }
  static F32 set(float x) {
    return each([&](int) { return x; });
  }
  static F32 load(const float* p) {
    return each([&](int i) { return p[i]; });
  }
  // The first n of 16 lanes; the others are zero.
  static F32 load_first(const float* p, std::size_t n) {
    return each([&](int i) { return static_cast<std::size_t>(i) < n ? p[i] : 0.0f; });
  }
  static void store(float* p, F32 x) { std::memcpy(p, x.v, sizeof x.v); }
  static void store_first(float* p, F32 x, std::size_t n) {
    std::memcpy(p, x.v, n * sizeof(float));
  }
  // 16 numbers of another type, converted; no alignment needed.
  static F32 load_f16(const void* p) {
    return each([&](int i) { return f32_from_f16(static_cast<const std::uint16_t*>(p)[i]); });
  }
  static F32 load_bf16(const void* p) {
    return each([&](int i) { return f32_from_bf16(static_cast<const std::uint16_t*>(p)[i]); });
  }
  static F32 load_u8(const void* p) {
    return each([&](int i) { return static_cast<float>(static_cast<const std::uint8_t*>(p)[i]); });
  }
  static F32 load_i8(const void* p) {
    return each([&](int i) { return static_cast<float>(static_cast<const std::int8_t*>(p)[i]); });
  }

  static F32 add(F32 a, F32 b) {
    return each([&](int i) { return a.v[i] + b.v[i]; });
  }
  static F32 sub(F32 a, F32 b) {
    return each([&](int i) { return a.v[i] - b.v[i]; });
  }
  static F32 mul(F32 a, F32 b) {
    return each([&](int i) { return a.v[i] * b.v[i]; });
  }
  static F32 div(F32 a, F32 b) {
    return each([&](int i) { return a.v[i] / b.v[i]; });
  }
  // a * b + c; the others round once, this one twice: plain x86 has no fused instruction.
  static F32 fma(F32 a, F32 b, F32 c) { return add(mul(a, b), c); }
  static F32 min(F32 a, F32 b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F32 max(F32 a, F32 b) {
    return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F32 abs(F32 a) {
    return each([&](int i) { return std::fabs(a.v[i]); });
  }
  // Lane by lane: a < b ? then : otherwise.
  static F32 where_less(F32 a, F32 b, F32 then, F32 otherwise) {
    return each([&](int i) { return a.v[i] < b.v[i] ? then.v[i] : otherwise.v[i]; });
  }
  // Over all lanes, always in this order: halves, quarters, eighths.
  static float sum(F32 a) {
    for (int n = 8; n > 0; n /= 2) {
      for (int i = 0; i < n; ++i) a.v[i] += a.v[i + n];
    }
    return a.v[0];
  }
  static float largest(F32 a) {
    float result = a.v[0];
    for (const float x : a.v) result = x > result ? x : result;
    return result;
  }

  static I32 zero_i32() { return set_i32(0); }
  static I32 set_i32(std::int32_t x) {
    return each_i32([&](int) { return x; });
  }
  template <int bits>
  static I32 shift_left_i32(I32 a) {
    return each_i32([&](int i) {
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) << bits);
    });
  }
  // To the nearest, ties to even; what does not fit becomes the smallest integer.
  static I32 round(F32 a) {
    return each_i32([&](int i) {
      const float x = a.v[i];
      return x >= -0x1p31f && x < 0x1p31f ? static_cast<std::int32_t>(std::nearbyint(x))
                                          : INT32_MIN;
    });
  }
  static F32 to_f32(I32 a) {
    return each([&](int i) { return static_cast<float>(a.v[i]); });
  }
  // a * 2^n for whole n.
  static F32 times_power_of_two(F32 a, F32 n) {
    return each([&](int i) {
      const float limited = n.v[i] < -250 ? -250 : n.v[i] > 250 ? 250 : n.v[i];
      return std::ldexp(a.v[i], static_cast<int>(limited));
    });
  }
  static std::int32_t sum_i32(I32 a) {
    std::int32_t result = 0;
    for (const auto x : a.v) result += x;
    return result;
  }
  // 16 bytes, saturated.
  static void store_i8(std::int8_t* p, I32 a) {
    for (int i = 0; i < 16; ++i) {
      p[i] = static_cast<std::int8_t>(a.v[i] < -128 ? -128 : a.v[i] > 127 ? 127 : a.v[i]);
    }
  }
  static void store_i16(std::int16_t* p, I32 a) {
    for (int i = 0; i < 16; ++i) {
      p[i] = static_cast<std::int16_t>(a.v[i] < -32768 ? -32768 : a.v[i] > 32767 ? 32767 : a.v[i]);
    }
  }

  static Bytes load_bytes(const std::uint8_t* p) {
    Bytes result;
    std::memcpy(result.v, p, sizeof result.v);
    return result;
  }
  // The same 4 bytes in every lane.
  static Bytes repeat(const std::int8_t* p) {
    Bytes result;
    for (int i = 0; i < 16; ++i) std::memcpy(result.v + 4 * i, p, 4);
    return result;
  }
  static Bytes low_nibbles(Bytes a) {
    return each_byte([&](int i) { return a.v[i] & 15; });
  }
  static Bytes high_nibbles(Bytes a) {
    return each_byte([&](int i) { return a.v[i] >> 4; });
  }
  // a | (bits shifted left (right when negative) & mask). The mask must drop what comes from a
  // neighbouring byte.
  template <int shift, int mask>
  static Bytes with_bits(Bytes a, Bytes bits) {
    return each_byte([&](int i) {
      const int moved = shift >= 0 ? bits.v[i] << (shift & 7) : bits.v[i] >> (-shift & 7);
      return a.v[i] | (moved & mask);
    });
  }
  // A table of 16 bytes, and its entry for every byte (below 16).
  static Bytes load_lookup_table(const std::uint8_t* p) {
    return each_byte([&](int i) { return p[i % 16]; });
  }
  static Bytes look_up(Bytes table, Bytes a) {
    return each_byte([&](int i) { return table.v[a.v[i]]; });
  }

  // Each lane: sum + the 4 products of unsigned weights (at most 127) and signed x.
  static I32 dot_narrow(I32 sum, Bytes weights, Bytes x) {
    return each_i32([&](int i) {
      std::int32_t result = sum.v[i];
      for (int c = 4 * i; c < 4 * i + 4; ++c)
        result += weights.v[c] * static_cast<std::int8_t>(x.v[c]);
      return result;
    });
  }
  // The same for weights of the full range with a bias of 128, as they come out of prepare_wide.
  static Bytes prepare_wide(Bytes weights) { return weights; }
  static I32 dot_wide(I32 sum, Bytes weights, Bytes x) { return dot_narrow(sum, weights, x); }
  // Each lane: sum + the 2 products of integers of 16 bits.
  static I32 dot_i16(I32 sum, Bytes a, Bytes b) {
    return each_i32([&](int i) {
      std::int16_t x[2], y[2];
      std::memcpy(x, a.v + 4 * i, 4);
      std::memcpy(y, b.v + 4 * i, 4);
      return sum.v[i] + x[0] * y[0] + x[1] * y[1];
    });
  }

  // 16 numbers rounded to bf16.
  static void store_bf16(void* p, F32 x) {
    for (int i = 0; i < 16; ++i) {
      const auto bits = bf16_from_f32(x.v[i]);
      std::memcpy(static_cast<char*>(p) + 2 * i, &bits, 2);
    }
  }
  // Each lane: sum + the 2 products of bf16 numbers, the second first.
  static F32 dot_bf16(F32 sum, Bytes a, Bytes b) {
    return each([&](int i) {
      const auto number = [i](const Bytes& of, int which) {
        std::uint16_t bits;
        std::memcpy(&bits, of.v + 4 * i + 2 * which, 2);
        return f32_from_bf16(bits);
      };
      return sum.v[i] + number(a, 1) * number(b, 1) + number(a, 0) * number(b, 0);
    });
  }
  // Of each lane's 2 bf16 numbers the first, and zero.
  static Bytes first_bf16(Bytes a) {
    return each_byte([&](int i) { return i % 4 < 2 ? a.v[i] : 0; });
  }

 private:
  template <class Fn>
  static F32 each(const Fn& fn) {
    F32 result;
    for (int i = 0; i < 16; ++i) result.v[i] = fn(i);
    return result;
  }
  template <class Fn>
  static I32 each_i32(const Fn& fn) {
    I32 result;
    for (int i = 0; i < 16; ++i) result.v[i] = fn(i);
    return result;
  }
  template <class Fn>
  static Bytes each_byte(const Fn& fn) {
    Bytes result;
    for (int i = 0; i < 64; ++i) result.v[i] = static_cast<std::uint8_t>(fn(i));
    return result;
  }
};

}  // namespace compute
