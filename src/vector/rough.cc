#include "vector/rough.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace vector {
namespace {

// A code's bits in a block: number 16 g + 4 s + j of a vector is in byte j of its four of group g,
// from bit 2 s on.
constexpr std::size_t kGroup = 16;                    // numbers
constexpr std::size_t kGroupBytes = 4 * kRoughBlock;  // of all vectors of a block
constexpr int kShifts = 4;

// The step that leaves the smallest error where numbers are spread like a normal distribution of
// width 1 and fall into four steps around 0 (Max 1960).
constexpr float kStep = 0.9957f;
constexpr float kQueryMax = 127;

std::size_t groups_of(std::size_t dimensions) {
  return (dimensions + kGroup - 1) / kGroup;
}

std::int32_t four_numbers(const std::int8_t* from) {
  std::int32_t out = 0;
  std::memcpy(&out, from, sizeof out);
  return out;
}

// A code u means the number u - 3/2, in steps: the product is sum(q u) - 3/2 sum(q), here doubled.
unsigned score_plain(const RoughQuery& query, const RoughBlock& block, float least, float* scores) {
  unsigned above = 0;
  for (std::size_t row = 0; row < kRoughBlock; ++row) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < query.numbers.size(); ++i) {
      const unsigned byte = block.codes[i / kGroup * kGroupBytes + 4 * row + i % 4];
      sum += query.numbers[i] * static_cast<std::int32_t>(byte >> (i % kGroup / 4 * 2) & 3);
    }
    const float product = static_cast<float>(2 * sum - 3 * query.sum) * query.step;
    scores[row] = std::fma(product, block.factors[row], block.offsets[row]);
    above |= static_cast<unsigned>(scores[row] > least) << row;
  }
  return above;
}

[[gnu::target("avx2,fma")]] unsigned score_avx2(const RoughQuery& query, const RoughBlock& block,
                                                float least, float* scores) {
  const __m256i three = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
  unsigned above = 0;
  for (std::size_t half = 0; half < 2; ++half) {
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t i = 0; i < query.numbers.size(); i += kGroup) {
      __m256i codes = _mm256_loadu_si256(
          reinterpret_cast<const __m256i*>(block.codes + i / kGroup * kGroupBytes + 32 * half));
      __m256i pairs = _mm256_setzero_si256();  // at most 4 x 2 x 3 x 127
      for (int s = 0; s < kShifts; ++s) {
        const __m256i numbers = _mm256_set1_epi32(four_numbers(&query.numbers[i] + 4 * s));
        pairs =
            _mm256_add_epi16(pairs, _mm256_maddubs_epi16(_mm256_and_si256(codes, three), numbers));
        codes = _mm256_srli_epi16(codes, 2);
      }
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
    const __m256i centred =
        _mm256_sub_epi32(_mm256_add_epi32(sum, sum), _mm256_set1_epi32(3 * query.sum));
    const __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(centred), _mm256_set1_ps(query.step));
    const __m256 scored = _mm256_fmadd_ps(product, _mm256_loadu_ps(block.factors + 8 * half),
                                          _mm256_loadu_ps(block.offsets + 8 * half));
    _mm256_storeu_ps(scores + 8 * half, scored);
    const __m256 is_above = _mm256_cmp_ps(scored, _mm256_set1_ps(least), _CMP_GT_OQ);
    above |= static_cast<unsigned>(_mm256_movemask_ps(is_above)) << (8 * half);
  }
  return above;
}

[[gnu::target("avx512f")]] inline __m512i four_of_each_row(const std::int8_t* from) {
  return _mm512_set1_epi32(four_numbers(from));
}

// A sum for each shift: an addition need not wait for the one before. What is read next is asked
// for a page ahead, where the processor's own look-ahead ends. The conversion is the masked one
// because g++ 12 takes the other for a use of what is not set.
[[gnu::target("avx512f,avx512bw,avx512vnni")]] unsigned score_avx512(const RoughQuery& query,
                                                                     const RoughBlock& block,
                                                                     float least, float* scores) {
  const __m512i three = _mm512_set1_epi8(3);
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  const std::uint8_t* from = block.codes;
  const std::int8_t* const end = query.numbers.data() + query.numbers.size();
  for (const std::int8_t* q = query.numbers.data(); q < end; q += kGroup, from += kGroupBytes) {
    _mm_prefetch(reinterpret_cast<const char*>(from) + 4'096, _MM_HINT_T0);
    const __m512i codes = _mm512_loadu_si512(from);
    const __m512i second = _mm512_srli_epi16(codes, 2), third = _mm512_srli_epi16(codes, 4),
                  fourth = _mm512_srli_epi16(codes, 6);
    a = _mm512_dpbusd_epi32(a, _mm512_and_si512(codes, three), four_of_each_row(q));
    b = _mm512_dpbusd_epi32(b, _mm512_and_si512(second, three), four_of_each_row(q + 4));
    c = _mm512_dpbusd_epi32(c, _mm512_and_si512(third, three), four_of_each_row(q + 8));
    d = _mm512_dpbusd_epi32(d, _mm512_and_si512(fourth, three), four_of_each_row(q + 12));
  }
  const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
  const __m512i centred =
      _mm512_sub_epi32(_mm512_add_epi32(sum, sum), _mm512_set1_epi32(3 * query.sum));
  const __m512 product =
      _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(0xFFFF, centred), _mm512_set1_ps(query.step));
  const __m512 scored =
      _mm512_fmadd_ps(product, _mm512_loadu_ps(block.factors), _mm512_loadu_ps(block.offsets));
  _mm512_storeu_ps(scores, scored);
  return _mm512_cmp_ps_mask(scored, _mm512_set1_ps(least), _CMP_GT_OQ);
}

}  // namespace

std::size_t rough_block_bytes(std::size_t dimensions) {
  return groups_of(dimensions) * kGroupBytes;
}

RoughRow write_rough(std::span<const float> vector, std::span<const float> centre,
                     std::span<std::uint8_t> block, std::size_t row) {
  RoughRow out;
  float squares = 0;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    squares += (vector[i] - centre[i]) * (vector[i] - centre[i]);
    out.offset += vector[i] * centre[i];
  }
  for (std::size_t group = 0; group < groups_of(vector.size()); ++group)
    std::memset(block.data() + group * kGroupBytes + 4 * row, 0, 4);
  const float step = kStep * std::sqrt(squares / static_cast<float>(vector.size()));
  float product = 0;  // of what differs and its code
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const float x = vector[i] - centre[i];
    const int code = (x > -step) + (x > 0) + (x > step);
    product += x * (static_cast<float>(code) - 1.5f);
    block[i / kGroup * kGroupBytes + 4 * row + i % 4] |=
        static_cast<std::uint8_t>(code << (i % kGroup / 4 * 2));
  }
  if (product > 0) out.factor = squares / product;
  return out;
}

RoughQuery::RoughQuery(std::span<const float> query, std::span<const float> centre)
    : numbers(groups_of(query.size()) * kGroup) {
  float highest = 0;
  for (std::size_t i = 0; i < query.size(); ++i)
    highest = std::max(highest, std::abs(query[i] - centre[i]));
  if (highest == 0) return;
  for (std::size_t i = 0; i < query.size(); ++i) {
    numbers[i] =
        static_cast<std::int8_t>(std::lround((query[i] - centre[i]) / highest * kQueryMax));
    sum += numbers[i];
  }
  step = highest / kQueryMax / 2;
}

std::span<const RoughScorer> rough_scorers() {
  static const std::vector<RoughScorer> scorers = [] {
    std::vector<RoughScorer> out;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni"))
      out.push_back(score_avx512);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) out.push_back(score_avx2);
    out.push_back(score_plain);
    return out;
  }();
  return scorers;
}

}  // namespace vector
