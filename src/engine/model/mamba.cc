// Mamba (arXiv 2312.00752): state-space layers only.
#include "engine/model/architectures.h"
#include "engine/model/common.h"
#include "base/limits/model.h"

namespace engine {

using compute::RopePairing;
using compute::ops::Activation;

ModelSpec describe_mamba(Hparams& hparams) {
  auto spec = read_decoder(hparams, RopePairing::Halves);
  MambaSpec mamba;
  mamba.d_conv = hparams.required("ssm.conv_kernel", 1, 64);
  mamba.d_inner = hparams.required("ssm.inner_size", 1, 8 * limits::model_width_max);
  mamba.d_state = hparams.required("ssm.state_size", 1, limits::model_head_width_max);
  mamba.dt_rank = hparams.required("ssm.time_step_rank", 1, limits::model_width_max);
  mamba.norms = hparams.flag("ssm.dt_b_c_rms", false);
  for (auto& layer : spec.layers) {
    layer.mixer = mamba;
    layer.feed_forward = std::monostate();
  }
  return spec;
}

}  // namespace engine
