// Which type each tensor of a model takes when the model is quantised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compute/dtype.h"

namespace compute::quant {

// The mixes, by the names that model files carry. "S" and "M": how many tensors get more bits.
enum class Mix { F16, BF16, Q8_0, Q4_0, Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M, Q6_K };

std::optional<Mix> mix_from_name(std::string_view name);  // letter case does not matter
std::string_view name(Mix mix);
std::string mix_names();           // all of them, for messages
std::uint32_t file_type(Mix mix);  // the value of `general.file_type`

// What the choice for one tensor depends on besides its name.
struct MixContext {
  std::size_t n_layers = 0;
  std::size_t n_experts = 0;
  bool has_output = false;  // false: the token embedding is the output matrix too
};

// The type for a tensor `name` of type `from` whose rows have `n_in` elements: `from` itself for
// what must not be quantised (norms, biases, routers, position tables). The choices are llama.cpp's
// defaults: the output matrix and the layers that matter most get more bits.
DType type_in_mix(Mix mix, std::string_view name, DType from, std::size_t n_in, std::size_t n_dims,
                  const MixContext& context);

}  // namespace compute::quant
