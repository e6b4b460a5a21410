#include "compute/kernels/table.h"

#include "base/check.h"
#include "compute/kernels/avx2/kernels.h"
#include "compute/kernels/avx512/kernels.h"
#include "compute/kernels/scalar/kernels.h"

namespace compute {

const KernelTable& kernels(Isa isa) {
  CHECK(is_available(isa));
  switch (isa) {
#if defined(__x86_64__)
    case Isa::Avx512Bf16: return avx512bf16_kernels();
    case Isa::Avx512: return avx512_kernels();
    case Isa::Avx2: return avx2_kernels();
#endif
    default: return scalar_kernels();
  }
}

}  // namespace compute
