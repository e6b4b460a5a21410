// The AVX-512 table; only best_kernels() and the tests ask for it.
#pragma once

#include "train/kernels/kernels.h"

namespace train {

bool avx512_supported();
// Only where avx512_supported().
const Kernels& avx512_kernels();

}  // namespace train
