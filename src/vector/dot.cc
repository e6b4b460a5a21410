#include "vector/dot.h"

#include <immintrin.h>

namespace vector {
namespace {

template <class Number>
float dot(const float* a, const Number* b, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * static_cast<float>(b[i]);
  return sum;
}

[[gnu::target("avx2,fma")]] inline __m256 load(const float* from) {
  return _mm256_loadu_ps(from);
}

[[gnu::target("avx2,fma")]] inline __m256 load(const std::int8_t* from) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}

// Two sums of eight lanes each hide the latency of an addition from the next.
template <class Number>
[[gnu::target("avx2,fma")]] float dot_avx2(const float* a, const Number* b, std::size_t n) {
  __m256 first = _mm256_setzero_ps(), second = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    first = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), load(b + i), first);
    second = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), load(b + i + 8), second);
  }
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, _mm256_add_ps(first, second));
  float sum = dot(a + i, b + i, n - i);
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <class Number>
void rows_of(std::span<const float> query, const Number* rows, std::span<float> out) {
  const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const std::size_t n = query.size();
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = wide ? dot_avx2(query.data(), rows + i * n, n) : dot(query.data(), rows + i * n, n);
}

}  // namespace

void dot_rows(std::span<const float> query, const float* rows, std::span<float> out) {
  rows_of(query, rows, out);
}

void dot_rows(std::span<const float> query, const std::int8_t* rows, std::span<float> out) {
  rows_of(query, rows, out);
}

}  // namespace vector
