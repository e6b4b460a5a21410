#pragma once

#include "compute/kernels/table.h"

namespace compute {
const KernelTable& scalar_kernels();
}
