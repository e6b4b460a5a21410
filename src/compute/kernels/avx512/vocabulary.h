// The vocabulary of kernels in AVX-512 with VNNI. The words mean the same in every instruction set;
// scalar/vocabulary.h says what.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "compute/kernels/inline.h"

namespace compute {

struct Avx512 {
  using F32 = __m512;
  using I32 = __m512i;
  using Bytes = __m512i;

  // 2 strips x 4 columns: 8 sums, 8 parts, 8 integer sums, 4 weights and 2 activations: 30 of 32
  // registers.
  static constexpr std::size_t kIntegerTileStrips = 2;
  static constexpr std::size_t kIntegerTileRows = 4;
  // 2 strips x 8 rows: 16 sums and 2 weights; activations are memory operands.
  static constexpr std::size_t kFloatTileStrips = 2;
  static constexpr std::size_t kFloatTileRows = 8;
  // Of attention: 8 queries x 2 vectors or 4 x 4 sums, up to 4 rows and a broadcast element.
  static constexpr std::size_t kAttentionSums = 16;

  static constexpr int kWideBiasShift = 7;

  static COMPUTE_INLINE F32 zero() { return _mm512_setzero_ps(); }
  static COMPUTE_INLINE F32 set(float x) { return _mm512_set1_ps(x); }
  static COMPUTE_INLINE F32 load(const float* p) { return _mm512_loadu_ps(p); }
  static COMPUTE_INLINE F32 load_first(const float* p, std::size_t n) {
    return _mm512_maskz_loadu_ps(first(n), p);
  }
  static COMPUTE_INLINE void store(float* p, F32 x) { _mm512_storeu_ps(p, x); }
  static COMPUTE_INLINE void store_first(float* p, F32 x, std::size_t n) {
    _mm512_mask_storeu_ps(p, first(n), x);
  }
  static COMPUTE_INLINE F32 load_f16(const void* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  static COMPUTE_INLINE F32 load_bf16(const void* p) {
    const __m256i half = _mm256_loadu_si256(static_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
  static COMPUTE_INLINE F32 load_u8(const void* p) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
  }
  static COMPUTE_INLINE F32 load_i8(const void* p) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
  }

  static COMPUTE_INLINE F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
  static COMPUTE_INLINE F32 sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
  static COMPUTE_INLINE F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
  static COMPUTE_INLINE F32 div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
  static COMPUTE_INLINE F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
  static COMPUTE_INLINE F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
  static COMPUTE_INLINE F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
  static COMPUTE_INLINE F32 abs(F32 a) { return _mm512_abs_ps(a); }
  static COMPUTE_INLINE F32 where_less(F32 a, F32 b, F32 then, F32 otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), otherwise, then);
  }
  static COMPUTE_INLINE float sum(F32 a) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    const __m128 pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
  }
  static COMPUTE_INLINE float largest(F32 a) { return _mm512_reduce_max_ps(a); }

  static COMPUTE_INLINE I32 zero_i32() { return _mm512_setzero_si512(); }
  static COMPUTE_INLINE I32 set_i32(std::int32_t x) { return _mm512_set1_epi32(x); }
  template <int bits>
  static COMPUTE_INLINE I32 shift_left_i32(I32 a) {
    return _mm512_slli_epi32(a, bits);
  }
  static COMPUTE_INLINE I32 round(F32 a) { return _mm512_cvtps_epi32(a); }
  static COMPUTE_INLINE F32 to_f32(I32 a) { return _mm512_cvtepi32_ps(a); }
  static COMPUTE_INLINE F32 times_power_of_two(F32 a, F32 n) { return _mm512_scalef_ps(a, n); }
  static COMPUTE_INLINE std::int32_t sum_i32(I32 a) { return _mm512_reduce_add_epi32(a); }
  static COMPUTE_INLINE void store_i8(std::int8_t* p, I32 a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(a));
  }
  static COMPUTE_INLINE void store_i16(std::int16_t* p, I32 a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(a));
  }

  static COMPUTE_INLINE Bytes load_bytes(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static COMPUTE_INLINE Bytes repeat(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm512_set1_epi32(four);
  }
  static COMPUTE_INLINE Bytes low_nibbles(Bytes a) {
    return _mm512_and_si512(a, _mm512_set1_epi8(15));
  }
  static COMPUTE_INLINE Bytes high_nibbles(Bytes a) {
    return _mm512_and_si512(_mm512_srli_epi16(a, 4), _mm512_set1_epi8(15));
  }
  template <int shift, int mask>
  static COMPUTE_INLINE Bytes with_bits(Bytes a, Bytes bits) {
    Bytes moved = bits;
    if constexpr (shift > 0) moved = _mm512_slli_epi16(bits, shift);
    if constexpr (shift < 0) moved = _mm512_srli_epi16(bits, -shift);
    constexpr int kOrOfFirstAndBoth = 0xf8;  // a | (moved & mask)
    return _mm512_ternarylogic_epi32(a, moved, _mm512_set1_epi8(mask), kOrOfFirstAndBoth);
  }
  static COMPUTE_INLINE Bytes load_lookup_table(const std::uint8_t* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static COMPUTE_INLINE Bytes look_up(Bytes table, Bytes a) {
    return _mm512_shuffle_epi8(table, a);
  }

  static COMPUTE_INLINE I32 dot_narrow(I32 sum, Bytes weights, Bytes x) {
    return _mm512_dpbusd_epi32(sum, weights, x);
  }
  static COMPUTE_INLINE Bytes prepare_wide(Bytes weights) { return weights; }
  static COMPUTE_INLINE I32 dot_wide(I32 sum, Bytes weights, Bytes x) {
    return _mm512_dpbusd_epi32(sum, weights, x);
  }
  static COMPUTE_INLINE I32 dot_i16(I32 sum, Bytes a, Bytes b) {
    return _mm512_dpwssd_epi32(sum, a, b);
  }

  // To the nearest, ties to even; a NaN stays one.
  static COMPUTE_INLINE void store_bf16(void* p, F32 x) {
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i kept = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), bits,
                                              _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256(static_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16)));
  }
  static COMPUTE_INLINE F32 dot_bf16(F32 sum, Bytes a, Bytes b) {
    const auto second = [](Bytes x) __attribute__((always_inline)) {
      return _mm512_castsi512_ps(
          _mm512_and_si512(x, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
    };
    const auto first = [](Bytes x) __attribute__((always_inline)) {
      return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
    };
    return fma(first(a), first(b), fma(second(a), second(b), sum));
  }
  static COMPUTE_INLINE Bytes first_bf16(Bytes a) {
    return _mm512_and_si512(a, _mm512_set1_epi32(0xffff));
  }

 private:
  static COMPUTE_INLINE __mmask16 first(std::size_t n) {
    return static_cast<__mmask16>((1u << n) - 1);
  }
};

// With instructions for bf16. They count denormals as zero, like every step of a Pool.
struct Avx512Bf16 : Avx512 {
  static COMPUTE_INLINE void store_bf16(void* p, F32 x) {
    _mm256_storeu_si256(static_cast<__m256i*>(p),
                        __builtin_bit_cast(__m256i, _mm512_cvtneps_pbh(x)));
  }
  static COMPUTE_INLINE F32 dot_bf16(F32 sum, Bytes a, Bytes b) {
    return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, a), __builtin_bit_cast(__m512bh, b));
  }
};

}  // namespace compute
