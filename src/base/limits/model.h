// Limits of model files: far beyond every known model, small enough that no product overflows.
#pragma once

namespace limits {

inline constexpr int model_layers_max = 1'024;
inline constexpr int model_width_max = 1 << 17;  // of a token's vector
inline constexpr int model_heads_max = 1'024;
inline constexpr int model_head_width_max = 4'096;
inline constexpr int model_experts_max = 2'048;
inline constexpr int model_context_max = 1 << 27;
inline constexpr int model_context_ample = 8'192;  // idle models leave memory for so much
inline constexpr int model_vocabulary_max = 1 << 23;

}  // namespace limits
