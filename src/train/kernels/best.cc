// Chooses the kernels for the machine it runs on.
#include "train/kernels/kernels.h"

#if defined(__x86_64__)
#include "train/kernels/avx512.h"
#endif

namespace train {

const Kernels& best_kernels() {
#if defined(__x86_64__)
  if (avx512_supported()) return avx512_kernels();
#endif
  return portable_kernels();
}

}  // namespace train
