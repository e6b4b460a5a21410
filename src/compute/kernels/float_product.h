// x * weight^T for F32 and BF16 weights, added up in f32: the algorithm, over a vocabulary V and a
// format. Every output is one chain of multiply-adds over the columns in order, whatever tile it
// falls into. F32 weights multiply x as it is. BF16 weights multiply x rounded to bf16, two columns
// at a time: twice as fast where there is an instruction for it, and as precise as such weights are
// themselves.
//
//   weight(p)      16 rows of one step, a unit of the format
//   activation(p)  4 bytes of one row of x, for all lanes
//   add(sum, weight, activation)
#pragma once

#include "compute/kernels/inline.h"
#include "compute/kernels/integer_product.h"
#include "compute/kernels/table.h"

namespace compute {

template <class V>
struct F32Format {
  static constexpr PackedFormat kFormat = PackedFormat::F32;
  static COMPUTE_INLINE auto weight(const std::uint8_t* p) {
    return V::load(reinterpret_cast<const float*>(p));
  }
  static COMPUTE_INLINE auto activation(const std::uint8_t* p) {
    return V::set(*reinterpret_cast<const float*>(p));
  }
  static COMPUTE_INLINE auto add(typename V::F32 sum, typename V::F32 weight,
                                 typename V::F32 activation) {
    return V::fma(weight, activation, sum);
  }
};
template <class V>
struct Bf16Format {
  static constexpr PackedFormat kFormat = PackedFormat::BF16;
  static COMPUTE_INLINE auto weight(const std::uint8_t* p) { return V::load_bytes(p); }
  static COMPUTE_INLINE auto activation(const std::uint8_t* p) {
    return V::repeat(reinterpret_cast<const std::int8_t*>(p));
  }
  static COMPUTE_INLINE auto add(typename V::F32 sum, typename V::Bytes weight,
                                 typename V::Bytes activation) {
    return V::dot_bf16(sum, weight, activation);
  }
};

struct FloatTile {
  const std::uint8_t* weights;  // first strip
  std::size_t strip_bytes;
  std::size_t n_steps;
  const std::uint8_t* panel;  // [n_steps][width] of 4 bytes
  float* out;
  std::size_t n_out;
  std::size_t columns_left;
  bool accumulate;
};

template <class V, class Format, std::size_t strips, std::size_t rows, std::size_t width,
          std::size_t first_row>
COMPUTE_INLINE void float_tile(const FloatTile& tile) {
  typename V::F32 sums[strips][rows];
  unrolled<strips>([&](auto s) __attribute__((always_inline)) {
    unrolled<rows>([&](auto m) __attribute__((always_inline)) { sums[s][m] = V::zero(); });
  });

  const auto* weights = tile.weights;
  const auto* x = tile.panel + 4 * first_row;
  for (std::size_t k = 0; k < tile.n_steps; ++k) {
    decltype(Format::weight(weights)) weight[strips];
    unrolled<strips>([&](auto s) __attribute__((always_inline)) {
      weight[s] = Format::weight(weights + s * tile.strip_bytes);
    });
    unrolled<rows>([&](auto m) __attribute__((always_inline)) {
      const auto activation = Format::activation(x + 4 * m);
      unrolled<strips>([&](auto s) __attribute__((always_inline)) {
        sums[s][m] = Format::add(sums[s][m], weight[s], activation);
      });
    });
    weights += unit_bytes(Format::kFormat);
    x += 4 * width;
  }

  unrolled<strips>([&](auto s) __attribute__((always_inline)) {
    if (tile.columns_left <= s * kStripRows) return;
    const std::size_t left = tile.columns_left - s * kStripRows;
    unrolled<rows>([&](auto m) __attribute__((always_inline)) {
      float* out = tile.out + (first_row + m) * tile.n_out + s * kStripRows;
      store_columns<V>(out, sums[s][m], left, tile.accumulate);
    });
  });
}

template <class V, class Format, std::size_t width>
__attribute__((noinline)) void float_pair(const FloatTile& pair) {
  constexpr std::size_t kStrips = V::kFloatTileStrips;
  constexpr std::size_t kRows = V::kFloatTileRows;
  FloatTile tile = pair;
  for (std::size_t s = 0; s < 2 && tile.columns_left > 0; s += kStrips) {
    unrolled<(width + kRows - 1) / kRows>([&](auto t) __attribute__((always_inline)) {
      constexpr std::size_t first_row = t * kRows;
      constexpr std::size_t rows = width - first_row < kRows ? width - first_row : kRows;
      float_tile<V, Format, kStrips, rows, width, first_row>(tile);
    });
    tile.weights += kStrips * tile.strip_bytes;
    tile.out += kStrips * kStripRows;
    const std::size_t done = kStrips * kStripRows;
    tile.columns_left = tile.columns_left > done ? tile.columns_left - done : 0;
  }
}

template <class V, class Format>
void multiply_float(const MultiplyTask& task) {
  constexpr std::size_t kWidth = kFloatPanelRows;
  using Pair = void (*)(const FloatTile&);
  static constexpr Pair kByWidth[] = {float_pair<V, Format, 1>, float_pair<V, Format, 2>,
                                      float_pair<V, Format, 3>, float_pair<V, Format, 4>,
                                      float_pair<V, Format, 5>, float_pair<V, Format, 6>,
                                      float_pair<V, Format, 7>, float_pair<V, Format, 8>};
  const std::size_t n_steps = float_steps(Format::kFormat, task.n_in);
  const std::size_t panel_bytes = float_panel_bytes(Format::kFormat, task.n_in, kWidth);

  const auto run = [&](std::size_t pair, std::size_t p) {
    const std::size_t first_row = p * kWidth;
    const std::size_t width = task.n_rows - first_row < kWidth ? task.n_rows - first_row : kWidth;
    const std::size_t column = pair * 2 * kStripRows;
    kByWidth[width - 1]({.weights = task.weights + pair * 2 * task.strip_bytes,
                         .strip_bytes = task.strip_bytes,
                         .n_steps = n_steps,
                         .panel = task.panels + p * panel_bytes,
                         .out = task.out + first_row * task.n_out + column,
                         .n_out = task.n_out,
                         .columns_left = task.n_out - column,
                         .accumulate = task.accumulate});
  };

  if (task.panel_end - task.panel_begin <= 4) {
    for (std::size_t pair = task.pair_begin; pair < task.pair_end; ++pair) {
      for (std::size_t p = task.panel_begin; p < task.panel_end; ++p) run(pair, p);
    }
    return;
  }
  for (std::size_t p = task.panel_begin; p < task.panel_end; ++p) {
    for (std::size_t pair = task.pair_begin; pair < task.pair_end; ++pair) run(pair, p);
  }
}

}  // namespace compute
