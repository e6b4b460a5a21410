#include "compute/kernels/isa.h"

#include <cstdlib>

namespace compute {

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::Scalar: return "scalar";
    case Isa::Avx2: return "avx2";
    case Isa::Avx512: return "avx512";
    case Isa::Avx512Bf16: return "avx512bf16";
  }
  return "";
}

std::optional<Isa> isa_from_name(std::string_view text) {
  for (const auto isa : kAllIsas) {
    if (name(isa) == text) return isa;
  }
  return std::nullopt;
}

bool is_available(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::Scalar: return true;
    case Isa::Avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    case Isa::Avx512:
      return is_available(Isa::Avx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    case Isa::Avx512Bf16: return is_available(Isa::Avx512) && __builtin_cpu_supports("avx512bf16");
  }
  return false;
#else
  return isa == Isa::Scalar;
#endif
}

Isa default_isa() {
  if (const char* wanted = std::getenv("PARLANCE_ISA")) {
    const auto isa = isa_from_name(wanted);
    if (isa && is_available(*isa)) return *isa;
  }
  auto best = Isa::Scalar;
  for (const auto isa : kAllIsas) {
    if (is_available(isa)) best = isa;
  }
  return best;
}

}  // namespace compute
