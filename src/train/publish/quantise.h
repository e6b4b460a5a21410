// Numbers as GGUF files store them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace train {

// Q8_0: blocks of 32 with a scale each. `values` must be whole blocks.
std::vector<std::byte> q8_0_of(std::span<const float> values);

}  // namespace train
