// Limits of GGUF files, before anything in them is believed.
#pragma once

#include <cstdint>

namespace limits {

inline constexpr std::uint64_t gguf_tensors_max = 1 << 20;
inline constexpr std::uint64_t gguf_keys_max = 1 << 16;
inline constexpr std::uint64_t gguf_key_bytes_max = 65'535;  // the format's own limit
inline constexpr std::uint64_t gguf_tensor_name_bytes_max = 256;
inline constexpr std::uint32_t gguf_alignment_max = 1 << 16;
inline constexpr std::uint32_t gguf_parts_max = 1'024;  // of one split file

}  // namespace limits
