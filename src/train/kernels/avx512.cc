// The kernels for machines with AVX-512 and its bf16 dot product (Zen 4, Cooper Lake and later):
// the loops of generic.inc compiled for 512 bits, and matrix products on bf16 pairs, which do twice
// the work of f32 per instruction. Compiled with flags of its own; call only where
// avx512_supported().
#include "train/kernels/avx512.h"

#include <cmath>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

namespace train {
namespace avx512 {

#include "train/kernels/generic.inc"

// A packed factor is made of 32-bit words, each two bf16 that are neighbours along the dot product.
constexpr int kPanel = 64;  // columns of b per panel: 4 vectors
constexpr int kRows = 6;    // 6 rows x 4 vectors = 24 accumulators, 4 for b, of 32 registers

inline __m512i to_bf16(const float* low, const float* high) {
  return reinterpret_cast<__m512i>(
      _mm512_cvtne2ps_pbh(_mm512_loadu_ps(high), _mm512_loadu_ps(low)));
}

inline std::uint32_t pair(float low, float high) {
  const __m128bh both = _mm_cvtneps_pbh(_mm_set_ps(0, 0, high, low));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(reinterpret_cast<__m128i>(both)));
}

// Words of neighbours in a row: to[i] = (from[2i], from[2i + 1]); an odd last one is paired with 0.
inline void pack_line(const float* from, int n, std::uint32_t* to) {
  int i = 0;
  for (; i + 32 <= n; i += 32) _mm512_storeu_si512(to + i / 2, to_bf16(from + i, from + i + 16));
  for (; i + 1 < n; i += 2) to[i / 2] = pair(from[i], from[i + 1]);
  if (i < n) to[i / 2] = pair(from[i], 0.0f);
}

// Words of neighbours in a column: to[i] = (upper[i], lower[i]).
inline void pack_two_lines(const float* upper, const float* lower, int n, std::uint32_t* to) {
  // cvtne2 gives 16 uppers then 16 lowers; the permutation takes them in turn.
  const __m512i in_turn =
      _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                       21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i both = to_bf16(upper + i, lower + i);
    _mm512_storeu_si512(to + i, _mm512_permutexvar_epi16(in_turn, both));
  }
  for (; i < n; ++i) to[i] = pair(upper[i], lower[i]);
}

// a as words: [rows, pairs] when stored by rows, [pairs, rows] when stored by columns.
void pack_a(ProductSize size, Factor a, std::uint32_t* to) {
  const int pairs = (size.inner + 1) / 2;
  if (!a.transposed) {
    for (int r = 0; r < size.rows; ++r)
      pack_line(a.data + r * a.stride, size.inner, to + std::int64_t{r} * pairs);
    return;
  }
  const std::vector<float> zeros(size.inner % 2 ? std::size_t(size.rows) : 0, 0.0f);
  for (int p = 0; p < pairs; ++p) {
    const float* upper = a.data + 2 * p * a.stride;
    const float* lower = 2 * p + 1 < size.inner ? upper + a.stride : zeros.data();
    pack_two_lines(upper, lower, size.rows, to + std::int64_t{p} * size.rows);
  }
}

// One panel of b: [pairs, 64] words of the columns from `first`, the missing columns zero.
void pack_panel(ProductSize size, Factor b, int first, std::uint32_t* to, std::uint32_t* lines) {
  const int pairs = (size.inner + 1) / 2;
  const int cols = size.cols - first < kPanel ? size.cols - first : kPanel;
  if (cols < kPanel) std::memset(to, 0, std::size_t(pairs) * kPanel * sizeof(std::uint32_t));
  if (!b.transposed) {
    static const std::vector<float> zeros(kPanel, 0.0f);
    for (int p = 0; p < pairs; ++p) {
      const float* upper = b.data + 2 * p * b.stride + first;
      const float* lower = 2 * p + 1 < size.inner ? upper + b.stride : zeros.data();
      pack_two_lines(upper, lower, cols, to + std::int64_t{p} * kPanel);
    }
    return;
  }
  for (int c = 0; c < cols; ++c)
    pack_line(b.data + (first + c) * b.stride, size.inner, lines + std::int64_t{c} * pairs);
  for (int p = 0; p < pairs; ++p) {
    for (int c = 0; c < cols; ++c)
      to[std::int64_t{p} * kPanel + c] = lines[std::int64_t{c} * pairs + p];
  }
}

struct PackedRows {
  const std::uint32_t* data;
  std::int64_t row;
  std::int64_t pair;
};

template <int R>
inline void tile(PackedRows a, const std::uint32_t* b, int pairs, float* out, std::int64_t stride,
                 bool accumulate) {
  __m512 sums[R][4];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < 4; ++v)
      sums[r][v] = accumulate ? _mm512_loadu_ps(out + r * stride + v * 16) : _mm512_setzero_ps();
  }
  for (int p = 0; p < pairs; ++p) {
    __m512bh columns[4];
    for (int v = 0; v < 4; ++v)
      columns[v] =
          reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + std::int64_t{p} * kPanel + v * 16));
    for (int r = 0; r < R; ++r) {
      const int word = static_cast<int>(a.data[r * a.row + p * a.pair]);
      const __m512bh factor = reinterpret_cast<__m512bh>(_mm512_set1_epi32(word));
      for (int v = 0; v < 4; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], factor, columns[v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < 4; ++v) _mm512_storeu_ps(out + r * stride + v * 16, sums[r][v]);
  }
}

void tile_rows(int rows, PackedRows a, const std::uint32_t* b, int pairs, float* out,
               std::int64_t stride, bool accumulate) {
  switch (rows) {
    case 1: return tile<1>(a, b, pairs, out, stride, accumulate);
    case 2: return tile<2>(a, b, pairs, out, stride, accumulate);
    case 3: return tile<3>(a, b, pairs, out, stride, accumulate);
    case 4: return tile<4>(a, b, pairs, out, stride, accumulate);
    case 5: return tile<5>(a, b, pairs, out, stride, accumulate);
    default: return tile<6>(a, b, pairs, out, stride, accumulate);
  }
}

// A tile at the right edge: computed whole beside the result, and only `cols` columns copied.
void edge_tile(int rows, int cols, PackedRows a, const std::uint32_t* b, int pairs, float* out,
               std::int64_t stride, bool accumulate) {
  float whole[kRows * kPanel];
  tile_rows(rows, a, b, pairs, whole, kPanel, false);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      const float before = accumulate ? out[r * stride + c] : 0.0f;
      out[r * stride + c] = before + whole[r * kPanel + c];
    }
  }
}

void multiply(ProductSize size, Factor a, Factor b, float* out, std::int64_t out_stride,
              bool accumulate, PackingSpace& space) {
  const int pairs = (size.inner + 1) / 2;
  const std::size_t a_words = std::size_t(size.rows) * std::size_t(pairs);
  const std::size_t b_words = std::size_t(pairs) * kPanel;
  if (space.a.size() < a_words) space.a.resize(a_words);
  if (space.b.size() < 2 * b_words) space.b.resize(2 * b_words);  // a panel, and its lines
  pack_a(size, a, space.a.data());
  const std::int64_t row = a.transposed ? 1 : pairs;
  const std::int64_t step = a.transposed ? size.rows : 1;

  for (int first = 0; first < size.cols; first += kPanel) {
    const int cols = size.cols - first < kPanel ? size.cols - first : kPanel;
    std::uint32_t* panel = space.b.data();
    pack_panel(size, b, first, panel, panel + b_words);
    for (int r = 0; r < size.rows; r += kRows) {
      const int rows = size.rows - r < kRows ? size.rows - r : kRows;
      const PackedRows part{space.a.data() + r * row, row, step};
      float* to = out + r * out_stride + first;
      if (cols == kPanel)
        tile_rows(rows, part, panel, pairs, to, out_stride, accumulate);
      else
        edge_tile(rows, cols, part, panel, pairs, to, out_stride, accumulate);
    }
  }
}

}  // namespace avx512

bool avx512_supported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bf16");
}

const Kernels& avx512_kernels() {
  using namespace avx512;
  static const Kernels table{
      "avx512-bf16",   multiply, rms_norm,        rms_norm_backward, rope, swiglu,
      swiglu_backward, attend,   attend_backward, softmax_loss,      adamw};
  return table;
}

}  // namespace train
