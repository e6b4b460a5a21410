// How each quantised format gives its weights to the integer kernel: one struct per PackedFormat,
// over a vocabulary V. A block is 16 rows by 32 columns.
//
//   kFormat
//   kBlocks          blocks in a unit
//   kGroupsPerBlock  1: one scale per 32 columns; 2: one per 16
//   kHasOffsets      weight = scale * integer - offset
//   kBiasShift       stored integer = integer + 2^kBiasShift; -1: no bias
//   pair(unit, b, j) columns 4j.. and 16 + 4j.. of block b, stored integers
//   scale(unit, b, g), offset(unit, b, g)
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/kernels/inline.h"
#include "compute/kernels/packed_format.h"
#include "compute/quant/nibble_values.h"

namespace compute {

template <class V>
struct WeightPair {
  typename V::Bytes low;   // columns 4j .. 4j + 3
  typename V::Bytes high;  // columns 16 + 4j ..
};

template <class V>
COMPUTE_INLINE WeightPair<V> nibble_pair(const std::uint8_t* nibbles, std::size_t j) {
  const auto bytes = V::load_bytes(nibbles + 64 * j);
  return {V::low_nibbles(bytes), V::high_nibbles(bytes)};
}

template <class V>
COMPUTE_INLINE WeightPair<V> byte_pair(const std::uint8_t* bytes, std::size_t j) {
  return {V::prepare_wide(V::load_bytes(bytes + 64 * j)),
          V::prepare_wide(V::load_bytes(bytes + 64 * (j + 4)))};
}

// Weights below 128 have a bias of the format; full bytes have that of the vocabulary.
template <class V>
struct Narrow {
  static COMPUTE_INLINE typename V::I32 dot(typename V::I32 sum, typename V::Bytes weights,
                                            typename V::Bytes x) {
    return V::dot_narrow(sum, weights, x);
  }
};
template <class V>
struct Wide {
  static constexpr int kBiasShift = V::kWideBiasShift;
  static COMPUTE_INLINE typename V::I32 dot(typename V::I32 sum, typename V::Bytes weights,
                                            typename V::Bytes x) {
    return V::dot_wide(sum, weights, x);
  }
};

template <class V>
struct Q4Format : Narrow<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Q4;
  static constexpr std::size_t kBlocks = 2;
  static constexpr std::size_t kGroupsPerBlock = 1;
  static constexpr bool kHasOffsets = false;
  static constexpr int kBiasShift = 3;

  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    return nibble_pair<V>(unit + 64 + 256 * b, j);
  }
  static COMPUTE_INLINE auto scale(const std::uint8_t* unit, std::size_t b, std::size_t) {
    return V::load_f16(unit + 32 * b);
  }
};

template <class V>
struct Q8Format : Wide<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Q8;
  static constexpr std::size_t kBlocks = 2;
  static constexpr std::size_t kGroupsPerBlock = 1;
  static constexpr bool kHasOffsets = false;

  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    return byte_pair<V>(unit + 64 + 512 * b, j);
  }
  static COMPUTE_INLINE auto scale(const std::uint8_t* unit, std::size_t b, std::size_t) {
    return V::load_f16(unit + 32 * b);
  }
};

// The value tables with their bias added, so that they are unsigned.
struct BiasedNibbleValues {
  alignas(16) std::uint8_t values[16];
  constexpr BiasedNibbleValues(const quant::NibbleValues& from, int bias) : values{} {
    for (std::size_t i = 0; i < 16; ++i) values[i] = static_cast<std::uint8_t>(from[i] + bias);
  }
};
inline constexpr BiasedNibbleValues kBiasedIq4Values(quant::kIq4Values, 128);
inline constexpr BiasedNibbleValues kBiasedFp4Values(quant::kFp4Values, 16);

template <class V>
struct LookupFormat {
  static constexpr std::size_t kBlocks = 2;
  static constexpr std::size_t kGroupsPerBlock = 1;
  static constexpr bool kHasOffsets = false;

  static COMPUTE_INLINE auto scale(const std::uint8_t* unit, std::size_t b, std::size_t) {
    return V::load(reinterpret_cast<const float*>(unit) + 16 * b);
  }
};

template <class V>
struct Iq4Format : LookupFormat<V>, Wide<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Iq4;
  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    const auto table = V::load_lookup_table(kBiasedIq4Values.values);
    const auto indices = nibble_pair<V>(unit + 128 + 256 * b, j);
    return {V::prepare_wide(V::look_up(table, indices.low)),
            V::prepare_wide(V::look_up(table, indices.high))};
  }
};

template <class V>
struct Fp4Format : LookupFormat<V>, Narrow<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Fp4;
  static constexpr int kBiasShift = 4;
  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    const auto table = V::load_lookup_table(kBiasedFp4Values.values);
    const auto indices = nibble_pair<V>(unit + 128 + 256 * b, j);
    return {V::look_up(table, indices.low), V::look_up(table, indices.high)};
  }
};

template <class V>
struct Q4KFormat : Narrow<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Q4K;
  static constexpr std::size_t kBlocks = 8;
  static constexpr std::size_t kGroupsPerBlock = 1;
  static constexpr bool kHasOffsets = true;
  static constexpr int kBiasShift = -1;

  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    return nibble_pair<V>(unit + 320 + 256 * b, j);
  }
  static COMPUTE_INLINE auto scale(const std::uint8_t* unit, std::size_t b, std::size_t) {
    return V::mul(V::load_f16(unit), V::load_u8(unit + 64 + 16 * b));
  }
  static COMPUTE_INLINE auto offset(const std::uint8_t* unit, std::size_t b, std::size_t) {
    return V::mul(V::load_f16(unit + 32), V::load_u8(unit + 192 + 16 * b));
  }
};

template <class V>
struct Q5KFormat : Q4KFormat<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Q5K;
  static constexpr std::size_t kBlockBytes = 256 + 64;
  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, auto j) {
    const auto nibbles = nibble_pair<V>(unit + 320 + kBlockBytes * b, j);
    const auto bits = V::load_bytes(unit + 320 + kBlockBytes * b + 256);
    constexpr int shift = 4 - static_cast<int>(decltype(j){});
    return {V::template with_bits<shift, 16>(nibbles.low, bits),
            V::template with_bits<shift - 4, 16>(nibbles.high, bits)};
  }
};

template <class V>
struct Q6KFormat : Narrow<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Q6K;
  static constexpr std::size_t kBlockBytes = 256 + 128;
  static constexpr std::size_t kBlocks = 8;
  static constexpr std::size_t kGroupsPerBlock = 2;
  static constexpr bool kHasOffsets = false;
  static constexpr int kBiasShift = 5;

  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, auto j) {
    const auto nibbles = nibble_pair<V>(unit + 320 + kBlockBytes * b, j);
    const auto* bits = unit + 320 + kBlockBytes * b + 256;
    constexpr int shift = 4 - 2 * static_cast<int>(decltype(j){});
    return {V::template with_bits<shift, 48>(nibbles.low, V::load_bytes(bits)),
            V::template with_bits<shift, 48>(nibbles.high, V::load_bytes(bits + 64))};
  }
  static COMPUTE_INLINE auto scale(const std::uint8_t* unit, std::size_t b, std::size_t g) {
    return V::mul(V::load_f16(unit), V::load_i8(unit + 64 + 16 * (2 * b + g)));
  }
};

template <class V>
struct GroupFormat : Wide<V> {
  static constexpr PackedFormat kFormat = PackedFormat::Group;
  static constexpr std::size_t kBlocks = 2;
  static constexpr std::size_t kGroupsPerBlock = 2;
  static constexpr bool kHasOffsets = false;

  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    return byte_pair<V>(unit + 256 + 512 * b, j);
  }
  static COMPUTE_INLINE auto scale(const std::uint8_t* unit, std::size_t b, std::size_t g) {
    return V::load(reinterpret_cast<const float*>(unit) + 16 * (2 * b + g));
  }
};

template <class V>
struct GroupOffsetFormat : GroupFormat<V> {
  static constexpr PackedFormat kFormat = PackedFormat::GroupOffset;
  static constexpr bool kHasOffsets = true;

  static COMPUTE_INLINE WeightPair<V> pair(const std::uint8_t* unit, std::size_t b, std::size_t j) {
    return byte_pair<V>(unit + 512 + 512 * b, j);
  }
  static COMPUTE_INLINE auto offset(const std::uint8_t* unit, std::size_t b, std::size_t g) {
    return V::load(reinterpret_cast<const float*>(unit + 256) + 16 * (2 * b + g));
  }
};

}  // namespace compute
