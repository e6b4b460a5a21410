// x * weight^T for F32, F16 and BF16 weights, in f32: the algorithm, over a vocabulary V and a load
// function. Every output is one chain of fused multiply-adds over the columns in order, whatever
// tile it falls into.
#pragma once

#include "compute/kernels/inline.h"
#include "compute/kernels/integer_product.h"
#include "compute/kernels/table.h"

namespace compute {

template <class V>
struct LoadF32 {
  static constexpr std::size_t kBytes = unit_bytes(PackedFormat::F32);
  static COMPUTE_INLINE auto load(const std::uint8_t* p) {
    return V::load(reinterpret_cast<const float*>(p));
  }
};
template <class V>
struct LoadF16 {
  static constexpr std::size_t kBytes = unit_bytes(PackedFormat::F16);
  static COMPUTE_INLINE auto load(const std::uint8_t* p) { return V::load_f16(p); }
};
template <class V>
struct LoadBf16 {
  static constexpr std::size_t kBytes = unit_bytes(PackedFormat::BF16);
  static COMPUTE_INLINE auto load(const std::uint8_t* p) { return V::load_bf16(p); }
};

struct FloatTile {
  const std::uint8_t* weights;  // first strip
  std::size_t strip_bytes;
  std::size_t n_in;
  const float* panel;
  float* out;
  std::size_t n_out;
  std::size_t columns_left;
  bool accumulate;
};

template <class V, class Load, std::size_t strips, std::size_t rows, std::size_t width,
          std::size_t first_row>
COMPUTE_INLINE void float_tile(const FloatTile& tile) {
  typename V::F32 sums[strips][rows];
  unrolled<strips>([&](auto s) __attribute__((always_inline)) {
    unrolled<rows>([&](auto m) __attribute__((always_inline)) { sums[s][m] = V::zero(); });
  });

  const auto* weights = tile.weights;
  const float* x = tile.panel + first_row;
  for (std::size_t k = 0; k < tile.n_in; ++k) {
    typename V::F32 weight[strips];
    unrolled<strips>([&](auto s) __attribute__((always_inline)) {
      weight[s] = Load::load(weights + s * tile.strip_bytes);
    });
    unrolled<rows>([&](auto m) __attribute__((always_inline)) {
      const auto activation = V::set(x[m]);
      unrolled<strips>([&](auto s) __attribute__((always_inline)) {
        sums[s][m] = V::fma(weight[s], activation, sums[s][m]);
      });
    });
    weights += Load::kBytes;
    x += width;
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

template <class V, class Load, std::size_t width>
__attribute__((noinline)) void float_pair(const FloatTile& pair) {
  constexpr std::size_t kStrips = V::kFloatTileStrips;
  constexpr std::size_t kRows = V::kFloatTileRows;
  FloatTile tile = pair;
  for (std::size_t s = 0; s < 2 && tile.columns_left > 0; s += kStrips) {
    unrolled<(width + kRows - 1) / kRows>([&](auto t) __attribute__((always_inline)) {
      constexpr std::size_t first_row = t * kRows;
      constexpr std::size_t rows = width - first_row < kRows ? width - first_row : kRows;
      float_tile<V, Load, kStrips, rows, width, first_row>(tile);
    });
    tile.weights += kStrips * tile.strip_bytes;
    tile.out += kStrips * kStripRows;
    const std::size_t done = kStrips * kStripRows;
    tile.columns_left = tile.columns_left > done ? tile.columns_left - done : 0;
  }
}

template <class V, class Load>
void multiply_float(const MultiplyTask& task) {
  constexpr std::size_t kWidth = kFloatPanelRows;
  using Pair = void (*)(const FloatTile&);
  static constexpr Pair kByWidth[] = {float_pair<V, Load, 1>, float_pair<V, Load, 2>,
                                      float_pair<V, Load, 3>, float_pair<V, Load, 4>,
                                      float_pair<V, Load, 5>, float_pair<V, Load, 6>,
                                      float_pair<V, Load, 7>, float_pair<V, Load, 8>};
  const std::size_t panel_bytes = float_panel_bytes(task.n_in, kWidth);

  const auto run = [&](std::size_t pair, std::size_t p) {
    const std::size_t first_row = p * kWidth;
    const std::size_t width = task.n_rows - first_row < kWidth ? task.n_rows - first_row : kWidth;
    const std::size_t column = pair * 2 * kStripRows;
    kByWidth[width - 1]({.weights = task.weights + pair * 2 * task.strip_bytes,
                         .strip_bytes = task.strip_bytes,
                         .n_in = task.n_in,
                         .panel = reinterpret_cast<const float*>(task.panels + p * panel_bytes),
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
