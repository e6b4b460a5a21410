// All kernels for this instruction set; compiled with its flags (see compute/CMakeLists.txt).
#include "compute/kernels/scalar/kernels.h"

#include "compute/kernels/scalar/vocabulary.h"
#include "compute/kernels/make_table.h"

namespace compute {

const KernelTable& scalar_kernels() {
  static constexpr KernelTable table = make_table<Scalar>();
  return table;
}

}  // namespace compute
