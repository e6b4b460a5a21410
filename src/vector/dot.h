// Products of vectors, as many numbers at a time as the processor takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vector {

// out[i] = query . rows[i]: rows [out.size(), query.size()].
void dot_rows(std::span<const float> query, const float* rows, std::span<float> out);
void dot_rows(std::span<const float> query, const std::int8_t* rows, std::span<float> out);

}  // namespace vector
