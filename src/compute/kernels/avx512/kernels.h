#pragma once

#include "compute/kernels/table.h"

namespace compute {
const KernelTable& avx512_kernels();
const KernelTable& avx512bf16_kernels();
}  // namespace compute
