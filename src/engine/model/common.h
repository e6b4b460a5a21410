// What the files of the architectures share: reading the usual constants into a description.
#pragma once

#include <vector>

#include "engine/model/hparams.h"
#include "engine/model/spec.h"

namespace engine {

// What every model has: widths, context, vocabulary, pooling; at least `layers_min` layers, of
// which nothing is said yet.
ModelSpec read_sizes(Hparams& hparams, int layers_min = 1);

// Sizes, heads, feed-forward widths, one rope and the norm's epsilon of a pre-norm decoder; every
// layer has full attention and a gated SiLU feed-forward. The caller changes what differs.
ModelSpec read_decoder(Hparams& hparams, compute::RopePairing pairing,
                       NormKind norm = NormKind::Rms);
// The same for encoders: not causal, layer norms, pooling as the file says.
ModelSpec read_encoder(Hparams& hparams);

// The rope of `base` with the file's scaling; n_rotated elements of each head.
compute::RopeOptions read_rope(Hparams& hparams, compute::RopePairing pairing, float base,
                               int n_rotated);
// YaRN's sharpening of attention where a file gives a multiplier for it (DeepSeek-V2's
// mscale_all_dim): the rope's own factor becomes the ratio of the two. 0 leaves it as it is.
void apply_yarn_multiplier(compute::RopeOptions& rope, float multiplier,
                           bool same_for_both = false);
// Without any scaling.
compute::RopeOptions plain_rope(compute::RopePairing pairing, float base, int n_rotated);

// Adds the rope of windowed layers: `otherwise`, with the base the file may give them. The caller
// says which layers use it. Returns its index.
int add_window_rope(Hparams& hparams, ModelSpec& spec, compute::RopeOptions otherwise);

// Models that see pictures too give every pair of a head one of three positions, which are the same
// for text; `interleaved` or in three sections. Returns whether the file has such sections. One
// that leaves a pair without position is refused.
bool read_rope_sections(Hparams& hparams, std::size_t n_rotated, bool interleaved);

// How many layers make a period of which the last (or the first) sees everything; else the
// architecture's own. Returns whether each layer is windowed.
std::vector<bool> windowed_layers(Hparams& hparams, int n_layers, int period_otherwise,
                                  bool full_layer_first = false);

// Experts by the usual keys, without shared ones.
ExpertsSpec read_experts(Hparams& hparams, const ModelSpec& spec);
// The width of the expert that every token passes, where the file has one; else 0.
int read_shared_width(Hparams& hparams, const ModelSpec& spec);

AttentionSpec& attention(LayerSpec& layer);
const AttentionSpec& attention(const LayerSpec& layer);
DenseSpec& dense(LayerSpec& layer);

}  // namespace engine
