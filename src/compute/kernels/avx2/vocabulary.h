// The vocabulary of kernels in AVX2 with FMA and F16C: 16 lanes are two registers. The words mean
// the same in every instruction set; scalar/vocabulary.h says what.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "compute/kernels/inline.h"

namespace compute {

struct Avx2 {
  struct F32 {
    __m256 low, high;
  };
  struct I32 {
    __m256i low, high;
  };
  using Bytes = I32;

  // 1 strip x 2 columns: 4 parts, 4 integer sums, 4 weights, 2 activations, ones, a temporary. The
  // 4 sums are needed once in 128 columns.
  static constexpr std::size_t kIntegerTileStrips = 1;
  static constexpr std::size_t kIntegerTileRows = 2;
  // 1 strip x 4 rows: 8 sums, 2 weights and an activation, of 16 registers; 6 rows would fit too
  // but not divide a panel of 8.
  static constexpr std::size_t kFloatTileStrips = 1;
  static constexpr std::size_t kFloatTileRows = 4;
  // Of attention: 4 sums of two registers, a row of two, a broadcast element.
  static constexpr std::size_t kAttentionSums = 4;

  // No instruction multiplies a full unsigned by a signed byte without saturating: wide weights are
  // used with their sign, and there is no bias to take back.
  static constexpr int kWideBiasShift = -1;

  static COMPUTE_INLINE F32 zero() { return set(0); }
  static COMPUTE_INLINE F32 set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static COMPUTE_INLINE F32 load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  static COMPUTE_INLINE F32 load_first(const float* p, std::size_t n) {
    const I32 mask = first(n);
    return {_mm256_maskload_ps(p, mask.low), _mm256_maskload_ps(p + 8, mask.high)};
  }
  static COMPUTE_INLINE void store(float* p, F32 x) {
    _mm256_storeu_ps(p, x.low);
    _mm256_storeu_ps(p + 8, x.high);
  }
  static COMPUTE_INLINE void store_first(float* p, F32 x, std::size_t n) {
    const I32 mask = first(n);
    _mm256_maskstore_ps(p, mask.low, x.low);
    _mm256_maskstore_ps(p + 8, mask.high, x.high);
  }
  static COMPUTE_INLINE F32 load_f16(const void* p) {
    const auto* halves = static_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
  }
  static COMPUTE_INLINE F32 load_bf16(const void* p) {
    const auto* halves = static_cast<const __m128i*>(p);
    const auto widen = [](__m128i x) __attribute__((always_inline)) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
    };
    return {widen(_mm_loadu_si128(halves)), widen(_mm_loadu_si128(halves + 1))};
  }
  static COMPUTE_INLINE F32 load_u8(const void* p) {
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
    return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))};
  }
  static COMPUTE_INLINE F32 load_i8(const void* p) {
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
  }

  static COMPUTE_INLINE F32 add(F32 a, F32 b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  static COMPUTE_INLINE F32 sub(F32 a, F32 b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  static COMPUTE_INLINE F32 mul(F32 a, F32 b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static COMPUTE_INLINE F32 div(F32 a, F32 b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  static COMPUTE_INLINE F32 fma(F32 a, F32 b, F32 c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static COMPUTE_INLINE F32 min(F32 a, F32 b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  static COMPUTE_INLINE F32 max(F32 a, F32 b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  static COMPUTE_INLINE F32 abs(F32 a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
  }
  static COMPUTE_INLINE F32 where_less(F32 a, F32 b, F32 then, F32 otherwise) {
    return {_mm256_blendv_ps(otherwise.low, then.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
            _mm256_blendv_ps(otherwise.high, then.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
  }
  static COMPUTE_INLINE float sum(F32 a) {
    const __m256 half = _mm256_add_ps(a.low, a.high);
    const __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    const __m128 pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
  }
  static COMPUTE_INLINE float largest(F32 a) {
    const __m256 half = _mm256_max_ps(a.low, a.high);
    const __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    const __m128 pair = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_max_ss(pair, _mm_movehdup_ps(pair)));
  }

  static COMPUTE_INLINE I32 zero_i32() { return set_i32(0); }
  static COMPUTE_INLINE I32 set_i32(std::int32_t x) {
    return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)};
  }
  template <int bits>
  static COMPUTE_INLINE I32 shift_left_i32(I32 a) {
    return {_mm256_slli_epi32(a.low, bits), _mm256_slli_epi32(a.high, bits)};
  }
  static COMPUTE_INLINE I32 round(F32 a) {
    return {_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)};
  }
  static COMPUTE_INLINE F32 to_f32(I32 a) {
    return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)};
  }
  // The exponent is built in two halves, so that results may be denormal or infinite.
  static COMPUTE_INLINE F32 times_power_of_two(F32 a, F32 n) {
    const auto one = [](__m256 x, __m256 power) __attribute__((always_inline)) {
      const __m256 limited =
          _mm256_max_ps(_mm256_min_ps(power, _mm256_set1_ps(250)), _mm256_set1_ps(-250));
      const __m256i whole = _mm256_cvtps_epi32(limited);
      const __m256i half = _mm256_srai_epi32(whole, 1);
      const __m256i bias = _mm256_set1_epi32(127);
      const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
      const __m256i second =
          _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
      return _mm256_mul_ps(_mm256_mul_ps(x, _mm256_castsi256_ps(first)),
                           _mm256_castsi256_ps(second));
    };
    return {one(a.low, n.low), one(a.high, n.high)};
  }
  static COMPUTE_INLINE std::int32_t sum_i32(I32 a) {
    const __m256i half = _mm256_add_epi32(a.low, a.high);
    const __m128i quarter =
        _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    const __m128i pair = _mm_add_epi32(quarter, _mm_shuffle_epi32(quarter, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 0xb1)));
  }
  static COMPUTE_INLINE void store_i8(std::int8_t* p, I32 a) {
    const auto narrow = [](__m256i x) __attribute__((always_inline)) {
      return _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    };
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(narrow(a.low), narrow(a.high)));
  }
  static COMPUTE_INLINE void store_i16(std::int16_t* p, I32 a) {
    // Packed by halves of 128 bits: [low 0-3, high 0-3, low 4-7, high 4-7].
    const __m256i packed = _mm256_packs_epi32(a.low, a.high);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xd8));
  }

  static COMPUTE_INLINE Bytes load_bytes(const std::uint8_t* p) {
    const auto* halves = reinterpret_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
  }
  static COMPUTE_INLINE Bytes repeat(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, 4);
    return set_i32(four);
  }
  static COMPUTE_INLINE Bytes low_nibbles(Bytes a) {
    const __m256i mask = _mm256_set1_epi8(15);
    return {_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)};
  }
  static COMPUTE_INLINE Bytes high_nibbles(Bytes a) {
    return low_nibbles({_mm256_srli_epi16(a.low, 4), _mm256_srli_epi16(a.high, 4)});
  }
  template <int shift, int mask>
  static COMPUTE_INLINE Bytes with_bits(Bytes a, Bytes bits) {
    const auto one = [](__m256i x, __m256i y) __attribute__((always_inline)) {
      if constexpr (shift > 0) y = _mm256_slli_epi16(y, shift);
      if constexpr (shift < 0) y = _mm256_srli_epi16(y, -shift);
      return _mm256_or_si256(x, _mm256_and_si256(y, _mm256_set1_epi8(mask)));
    };
    return {one(a.low, bits.low), one(a.high, bits.high)};
  }
  static COMPUTE_INLINE Bytes load_lookup_table(const std::uint8_t* p) {
    const __m256i table =
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {table, table};
  }
  static COMPUTE_INLINE Bytes look_up(Bytes table, Bytes a) {
    return {_mm256_shuffle_epi8(table.low, a.low), _mm256_shuffle_epi8(table.high, a.high)};
  }

  static COMPUTE_INLINE I32 dot_narrow(I32 sum, Bytes weights, Bytes x) {
    return {add_products(sum.low, weights.low, x.low),
            add_products(sum.high, weights.high, x.high)};
  }
  static COMPUTE_INLINE Bytes prepare_wide(Bytes weights) {
    const __m256i sign = _mm256_set1_epi8(-128);
    return {_mm256_xor_si256(weights.low, sign), _mm256_xor_si256(weights.high, sign)};
  }
  static COMPUTE_INLINE I32 dot_wide(I32 sum, Bytes weights, Bytes x) {
    return {
        add_products(sum.low, _mm256_abs_epi8(weights.low), _mm256_sign_epi8(x.low, weights.low)),
        add_products(sum.high, _mm256_abs_epi8(weights.high),
                     _mm256_sign_epi8(x.high, weights.high))};
  }

  static COMPUTE_INLINE void store_bf16(void* p, F32 x) {
    auto* halves = static_cast<__m128i*>(p);
    _mm_storeu_si128(halves, narrow_bf16(x.low));
    _mm_storeu_si128(halves + 1, narrow_bf16(x.high));
  }
  static COMPUTE_INLINE I32 dot_i16(I32 sum, Bytes a, Bytes b) {
    return {_mm256_add_epi32(sum.low, _mm256_madd_epi16(a.low, b.low)),
            _mm256_add_epi32(sum.high, _mm256_madd_epi16(a.high, b.high))};
  }
  static COMPUTE_INLINE F32 dot_bf16(F32 sum, Bytes a, Bytes b) {
    return {dot_bf16(sum.low, a.low, b.low), dot_bf16(sum.high, a.high, b.high)};
  }
  static COMPUTE_INLINE Bytes first_bf16(Bytes a) {
    const __m256i mask = _mm256_set1_epi32(0xffff);
    return {_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)};
  }

 private:
  static COMPUTE_INLINE I32 first(std::size_t n) {
    const __m256i limit = _mm256_set1_epi32(static_cast<int>(n));
    return {_mm256_cmpgt_epi32(limit, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
            _mm256_cmpgt_epi32(limit, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
  }
  // To the nearest, ties to even; a NaN stays one.
  static COMPUTE_INLINE __m128i narrow_bf16(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
  }
  static COMPUTE_INLINE __m256 dot_bf16(__m256 sum, __m256i a, __m256i b) {
    const __m256i mask = _mm256_set1_epi32(static_cast<int>(0xffff0000));
    const auto second = [&](__m256i x) __attribute__((always_inline)) {
      return _mm256_castsi256_ps(_mm256_and_si256(x, mask));
    };
    const auto first = [](__m256i x) __attribute__((always_inline)) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
    };
    return _mm256_fmadd_ps(first(a), first(b), _mm256_fmadd_ps(second(a), second(b), sum));
  }
  // Pairs of products stay below 2^15: at most 2 * 128 * 127.
  static COMPUTE_INLINE __m256i add_products(__m256i sum, __m256i unsigned_bytes,
                                             __m256i signed_bytes) {
    const __m256i pairs = _mm256_maddubs_epi16(unsigned_bytes, signed_bytes);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace compute
