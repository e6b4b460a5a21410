// A table of token vectors and nothing else: a text is the mean of its tokens. An architecture of
// our own; src/train/embedding makes such models.
#include "engine/model/architectures.h"
#include "engine/model/common.h"

namespace engine {

// Not marked as seeing ahead, so that a text may be read in pieces.
ModelSpec describe_static_embedding(Hparams& hparams) {
  auto spec = read_sizes(hparams, 0);
  if (spec.info.n_layers != 0) hparams.refuse("a static embedding has no layers");
  if (spec.info.pooling != Pooling::Mean)
    hparams.refuse("a static embedding is pooled by the mean");
  spec.output_norm = "";
  spec.info.generates = false;
  return spec;
}

}  // namespace engine
