// Weights of a llama that copies: what it says after a token is what followed that token before, in
// its prompt. An induction head written down by hand, in a model of any size: for measuring what
// copying costs, not what it means.
#pragma once

#include <cstdint>
#include <span>
#include <string>

struct CopyingShape {
  int width = 0;  // at least kCopyingWidthMin
  float rope_base = 0;
  std::uint64_t seed = 0;  // of the tokens' signatures
};

inline constexpr int kCopyingWidthMin = 256;
inline constexpr int kCopyingHead = 64;  // width of a head
inline constexpr int kCopyingLayersMin = 2;
// So that all but the first pairs of a head hardly turn within a context.
inline constexpr float kCopyingRopeBase = 1e30f;

// Whether the tensor is not all zeros (norms, which are ones, aside).
bool copying_tensor_counts(const std::string& name);
// Row `row` of the tensor, which is all zeros before.
void fill_copying_row(const std::string& name, int row, const CopyingShape& shape,
                      std::span<float> out);
