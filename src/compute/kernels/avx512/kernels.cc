// All kernels for this instruction set; compiled with its flags (see compute/CMakeLists.txt).
#include "compute/kernels/avx512/kernels.h"

#include "compute/kernels/avx512/vocabulary.h"
#include "compute/kernels/make_table.h"

namespace compute {

const KernelTable& avx512_kernels() {
  static constexpr KernelTable table = make_table<Avx512>();
  return table;
}

const KernelTable& avx512bf16_kernels() {
  static constexpr KernelTable table = make_table<Avx512, Avx512Bf16>();
  return table;
}

}  // namespace compute
