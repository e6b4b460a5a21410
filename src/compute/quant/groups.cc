#include "compute/quant/groups.h"

namespace compute::quant {

Unpack unpacker(DType dtype) {
  switch (dtype) {
    case DType::Q1_0: return unpack_q1_0;
    case DType::Q2_0: return unpack_q2_0;
    case DType::Q4_0: return unpack_q4_0;
    case DType::Q4_1: return unpack_q4_1;
    case DType::Q5_0: return unpack_q5_0;
    case DType::Q5_1: return unpack_q5_1;
    case DType::Q8_0: return unpack_q8_0;
    case DType::Q2_K: return unpack_q2_k;
    case DType::Q3_K: return unpack_q3_k;
    case DType::Q4_K: return unpack_q4_k;
    case DType::Q5_K: return unpack_q5_k;
    case DType::Q6_K: return unpack_q6_k;
    case DType::TQ1_0: return unpack_tq1_0;
    case DType::TQ2_0: return unpack_tq2_0;
    case DType::MXFP4: return unpack_mxfp4;
    case DType::NVFP4: return unpack_nvfp4;
    case DType::IQ4_NL: return unpack_iq4_nl;
    case DType::IQ4_XS: return unpack_iq4_xs;
    case DType::IQ1_S: return unpack_iq1_s;
    case DType::IQ1_M: return unpack_iq1_m;
    case DType::IQ2_XXS: return unpack_iq2_xxs;
    case DType::IQ2_XS: return unpack_iq2_xs;
    case DType::IQ2_S: return unpack_iq2_s;
    case DType::IQ3_XXS: return unpack_iq3_xxs;
    case DType::IQ3_S: return unpack_iq3_s;
    default: return nullptr;
  }
}

bool has_offsets(DType dtype) {
  switch (dtype) {
    case DType::Q4_1:
    case DType::Q5_1:
    case DType::Q2_K:
    case DType::Q4_K:
    case DType::Q5_K: return true;
    default: return false;
  }
}

}  // namespace compute::quant
