// Which instruction set the kernels use. Chosen once, at start.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace compute {

enum class Isa {
  Scalar,      // any machine; the reference for the others
  Avx2,        // with FMA and F16C: x86 since about 2013
  Avx512,      // with VNNI: servers since 2019
  Avx512Bf16,  // with dot products of bf16 too: servers since 2021, Zen 4
};

// The better ones last.
inline constexpr std::array kAllIsas = {Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Avx512Bf16};

std::string_view name(Isa isa);  // "scalar", "avx2", "avx512", "avx512bf16"
std::optional<Isa> isa_from_name(std::string_view name);

// True when this processor (and its operating system) can run it.
bool is_available(Isa isa);

// The environment's PARLANCE_ISA when that is an available one, else the best available.
Isa default_isa();

}  // namespace compute
