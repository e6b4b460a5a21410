// x * weight^T for quantised weights and activations rounded to 8 bits: the algorithm, over a
// vocabulary V and a format. Every output is computed by the same operations in the same order
// whatever tile it falls into:
//
//   for each span of columns that share a scale of x, in order:
//     part = 0
//     for each block of 32 columns of the span, in order:
//       integer = sum of weight * x   (exact), or two of them, for 16 columns each
//       part += integer * weight scale
//       part += weight offset * (minus the sum of x in this block)     formats with offsets only
//     out += part * x scale
//
// A span is one block, and both scales are multiplied first, or eight: then the scale of x costs
// one operation in eight blocks. That counts: on current processors the pipes that multiply floats
// are those that compute the integer products, and what they do is the limit.
#pragma once

#include "compute/kernels/inline.h"
#include "compute/kernels/integer_formats.h"
#include "compute/kernels/table.h"

namespace compute {

// What one tile reads and writes: `strips` strips of weights by `rows` of a panel's `width` rows.
struct IntegerTile {
  const std::uint8_t* weights;  // first strip
  std::size_t strip_bytes;
  std::size_t n_units;
  const std::uint8_t* panel;
  float* out;  // first row and column of the tile
  std::size_t n_out;
  std::size_t columns_left;  // of out, from the first column of the tile
  bool accumulate;
  const std::uint8_t* next;  // weights that will be wanted soon, to prefetch
  std::size_t next_lines_per_block;
};

// Writes 16 columns of one row of out, or what is left of them.
template <class V>
COMPUTE_INLINE void store_columns(float* out, typename V::F32 value, std::size_t columns_left,
                                  bool accumulate) {
  if (columns_left >= kStripRows) {
    V::store(out, accumulate ? V::add(V::load(out), value) : value);
  } else {
    V::store_first(out, accumulate ? V::add(V::load_first(out, columns_left), value) : value,
                   columns_left);
  }
}

// Sums of one block for a tile, and their addition to the parts.
template <class V, class Format, std::size_t strips, std::size_t rows, std::size_t width,
          std::size_t first_row>
struct IntegerBlock {
  using F32 = typename V::F32;
  using I32 = typename V::I32;
  static constexpr std::size_t kGroups = Format::kGroupsPerBlock;
  static constexpr bool kShared = scale_blocks(Format::kFormat) > 1;
  static constexpr std::size_t kPanelBytes = width * (kBlock + sizeof(ActivationBlock));

  static COMPUTE_INLINE const std::int8_t* integers(const std::uint8_t* block, std::size_t m) {
    return reinterpret_cast<const std::int8_t*>(block) + (first_row + m) * kBlock;
  }
  static COMPUTE_INLINE const ActivationBlock& activation(const std::uint8_t* block,
                                                          std::size_t m) {
    return reinterpret_cast<const ActivationBlock*>(block + width * kBlock)[first_row + m];
  }
  static COMPUTE_INLINE std::int32_t negative_sum(const ActivationBlock& x, std::size_t g) {
    if constexpr (kGroups == 1) return x.negative_sum;
    return g == 0 ? x.negative_low : x.negative_high;
  }

  // Columns 4j .. 4j + 3, which the bytes' low halves hold, and 16 + 4j .., which the high ones do;
  // of two groups only one.
  template <std::size_t g>
  static COMPUTE_INLINE void multiply(const std::uint8_t* weights, std::size_t strip_bytes,
                                      std::size_t b, auto j, const std::uint8_t* x,
                                      I32 (&sums)[strips][rows]) {
    WeightPair<V> pair[strips];
    unrolled<strips>([&](auto s) __attribute__((always_inline)) {
      pair[s] = Format::pair(weights + s * strip_bytes, b, j);
    });
    unrolled<rows>([&](auto m) __attribute__((always_inline)) {
      if constexpr (g == 0) {
        const auto low = V::repeat(integers(x, m) + 4 * j);
        unrolled<strips>([&](auto s) __attribute__((always_inline)) {
          sums[s][m] = Format::dot(sums[s][m], pair[s].low, low);
        });
      }
      if constexpr (g + 1 == kGroups) {
        const auto high = V::repeat(integers(x, m) + 16 + 4 * j);
        unrolled<strips>([&](auto s) __attribute__((always_inline)) {
          sums[s][m] = Format::dot(sums[s][m], pair[s].high, high);
        });
      }
    });
  }

  static COMPUTE_INLINE void add(const std::uint8_t* weights, std::size_t strip_bytes,
                                 std::size_t b, const std::uint8_t* x, F32 (&parts)[strips][rows]) {
    unrolled<kGroups>([&](auto g) __attribute__((always_inline)) {
      I32 integer[strips][rows];
      unrolled<rows>([&](auto m) __attribute__((always_inline)) {
        I32 start = V::zero_i32();
        if constexpr (Format::kBiasShift >= 0) {
          start = V::template shift_left_i32<Format::kBiasShift>(
              V::set_i32(negative_sum(activation(x, m), g)));
        }
        unrolled<strips>([&](auto s) __attribute__((always_inline)) { integer[s][m] = start; });
      });
      unrolled<4>([&](auto j) __attribute__((always_inline)) {
        multiply<g>(weights, strip_bytes, b, j, x, integer);
      });
      unrolled<strips>([&](auto s) __attribute__((always_inline)) {
        const auto scale = Format::scale(weights + s * strip_bytes, b, g);
        unrolled<rows>([&](auto m) __attribute__((always_inline)) {
          const auto both = kShared ? scale : V::mul(scale, V::set(activation(x, m).scale));
          parts[s][m] = V::fma(V::to_f32(integer[s][m]), both, parts[s][m]);
        });
        if constexpr (Format::kHasOffsets) {
          const auto offset = Format::offset(weights + s * strip_bytes, b, g);
          unrolled<rows>([&](auto m) __attribute__((always_inline)) {
            const auto sum = static_cast<float>(negative_sum(activation(x, m), g));
            const auto scaled = kShared ? sum : sum * activation(x, m).scale;
            parts[s][m] = V::fma(offset, V::set(scaled), parts[s][m]);
          });
        }
      });
    });
  }

  // Ends a span of blocks, of which x is one.
  static COMPUTE_INLINE void add_parts(const F32 (&parts)[strips][rows], const std::uint8_t* x,
                                       F32 (&sums)[strips][rows]) {
    unrolled<rows>([&](auto m) __attribute__((always_inline)) {
      const auto scale = V::set(activation(x, m).scale);
      unrolled<strips>([&](auto s) __attribute__((always_inline)) {
        sums[s][m] = V::fma(parts[s][m], scale, sums[s][m]);
      });
    });
  }
};

template <class V, class Format, std::size_t strips, std::size_t rows, std::size_t width,
          std::size_t first_row>
COMPUTE_INLINE void integer_tile(const IntegerTile& tile) {
  using Block = IntegerBlock<V, Format, strips, rows, width, first_row>;
  constexpr std::size_t kScaleBlocks = scale_blocks(Format::kFormat);
  constexpr bool kShared = kScaleBlocks > 1;
  typename V::F32 sums[strips][rows], parts[strips][rows];
  const auto clear = [](auto& values) __attribute__((always_inline)) {
    unrolled<strips>([&](auto s) __attribute__((always_inline)) {
      unrolled<rows>([&](auto m) __attribute__((always_inline)) { values[s][m] = V::zero(); });
    });
  };
  clear(sums);

  static_assert(!kShared || kScaleBlocks == Format::kBlocks);
  const auto* weights = tile.weights;
  const auto* panel = tile.panel;
  const auto* next = tile.next;
  for (std::size_t u = 0; u < tile.n_units; ++u) {
    if constexpr (kShared) clear(parts);
    for (std::size_t b = 0; b < Format::kBlocks; ++b) {
      for (std::size_t line = 0; line < tile.next_lines_per_block; ++line) {
        __builtin_prefetch(next, 0, 2);
        next += 64;
      }
      Block::add(weights, tile.strip_bytes, b, panel, kShared ? parts : sums);
      panel += Block::kPanelBytes;
    }
    if constexpr (kShared) Block::add_parts(parts, panel - Block::kPanelBytes, sums);
    weights += unit_bytes(Format::kFormat);
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

// A pair of strips by one panel of `width` rows, in tiles of the vocabulary's size.
template <class V, class Format, std::size_t width>
__attribute__((noinline)) void integer_pair(const IntegerTile& pair) {
  // One row takes a strip at a time: so a thread that goes from pair to pair reads one stream from
  // its first byte to its last, which is how memory is fastest.
  constexpr std::size_t kStrips = width == 1 ? 1 : V::kIntegerTileStrips;
  constexpr std::size_t kRows = V::kIntegerTileRows;
  IntegerTile tile = pair;
  for (std::size_t s = 0; s < 2 && tile.columns_left > 0; s += kStrips) {
    unrolled<(width + kRows - 1) / kRows>([&](auto t) __attribute__((always_inline)) {
      constexpr std::size_t first_row = t * kRows;
      constexpr std::size_t rows = width - first_row < kRows ? width - first_row : kRows;
      integer_tile<V, Format, kStrips, rows, width, first_row>(tile);
      tile.next_lines_per_block = 0;
    });
    tile.weights += kStrips * tile.strip_bytes;
    tile.out += kStrips * kStripRows;
    const std::size_t done = kStrips * kStripRows;
    tile.columns_left = tile.columns_left > done ? tile.columns_left - done : 0;
  }
}

template <class V, class Format>
void multiply_integer(const MultiplyTask& task) {
  constexpr std::size_t kWidth = kIntegerPanelRows;
  using Pair = void (*)(const IntegerTile&);
  static constexpr Pair kByWidth[] = {integer_pair<V, Format, 1>, integer_pair<V, Format, 2>,
                                      integer_pair<V, Format, 3>, integer_pair<V, Format, 4>};
  const std::size_t panel_bytes = integer_panel_bytes(Format::kFormat, task.n_in, kWidth);
  const std::size_t n_units = task.strip_bytes / unit_bytes(Format::kFormat);
  const std::size_t n_panels = task.panel_end - task.panel_begin;
  // While this pair is multiplied by all panels, the next one moves into the second-level cache,
  // each panel asking for its share of the lines. For one row alone the processor does that better.
  const std::size_t shares = n_panels * Format::kBlocks;
  const std::size_t share = (2 * unit_bytes(Format::kFormat) / 64 + shares - 1) / shares;

  const auto run = [&](std::size_t pair, std::size_t p, std::size_t prefetched) {
    const std::size_t first_row = p * kWidth;
    const std::size_t width = task.n_rows - first_row < kWidth ? task.n_rows - first_row : kWidth;
    const std::size_t column = pair * 2 * kStripRows;
    const auto* weights = task.weights + pair * 2 * task.strip_bytes;
    const IntegerTile tile = {
        .weights = weights,
        .strip_bytes = task.strip_bytes,
        .n_units = n_units,
        .panel = task.panels + p * panel_bytes,
        .out = task.out + first_row * task.n_out + column,
        .n_out = task.n_out,
        .columns_left = task.n_out - column,
        .accumulate = task.accumulate,
        .next = weights + 2 * task.strip_bytes +
                (p - task.panel_begin) * prefetched * 64 * n_units * Format::kBlocks,
        .next_lines_per_block = prefetched};
    kByWidth[width - 1](tile);
  };

  if (n_panels <= 8) {
    for (std::size_t pair = task.pair_begin; pair < task.pair_end; ++pair) {
      const std::size_t prefetched = task.n_rows > 1 && pair + 1 < task.pair_end ? share : 0;
      for (std::size_t p = task.panel_begin; p < task.panel_end; ++p) run(pair, p, prefetched);
    }
    return;
  }
  // Many panels: the weights of the task stay in the second-level cache, a panel in the first.
  for (std::size_t p = task.panel_begin; p < task.panel_end; ++p) {
    for (std::size_t pair = task.pair_begin; pair < task.pair_end; ++pair) run(pair, p, 0);
  }
}

}  // namespace compute
