// All kernels for this instruction set; compiled with its flags (see compute/CMakeLists.txt).
#include "compute/kernels/avx2/kernels.h"

#include "compute/kernels/avx2/vocabulary.h"
#include "compute/kernels/make_table.h"

namespace compute {

const KernelTable& avx2_kernels() {
  static constexpr KernelTable table = make_table<Avx2>();
  return table;
}

}  // namespace compute
