// The description of a model: which blocks, in which order, with which constants. An architecture's
// file turns a GGUF's metadata into one of these; transformer.cc runs it. Plain data.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compute/ops.h"
#include "compute/rope.h"
#include "engine/model/info.h"

namespace engine {

enum class NormKind { Rms, Layer };

enum class QkNorm {
  None,
  PerHead,  // one weight [d_head] for all heads, or [n_heads, d_head]
  Whole,    // one norm over all heads together
};

// Queries far into a long context are made larger, so that attention stays sharp: by
// 1 + scale * log(1 + position / floor), in whole numbers.
struct QueryGrowth {
  float scale = 0;  // 0: none
  int floor = 1;
};

struct AttentionSpec {
  int n_heads = 0;
  int n_kv_heads = 0;
  int d_key = 0;
  int d_value = 0;
  float scale = 0;       // of query times key; 0: 1 / sqrt(d_key)
  int rope = 0;          // index into ModelSpec::ropes, -1: none
  int window = 0;        // tokens seen, itself included; 0: all
  float softcap = 0;     // of scores; 0: none
  float alibi_bias = 0;  // ALiBi (arXiv 2108.12409), its largest bias; 0: none
  QkNorm qk_norm = QkNorm::None;
  NormKind qk_norm_kind = NormKind::Rms;
  bool gated = false;           // the query projection holds a gate for the output beside it
  bool value_norm = false;      // values pass an RMS norm without weight
  bool value_from_key = false;  // no value projection: values are the raw keys
  int shared_layer = -1;        // uses the keys and values of this layer, has none of its own
  QueryGrowth growth = {};
};

// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values of all heads are
// projections of one latent vector per token, which is what the cache holds.
struct MlaSpec {
  int n_heads = 0;
  int q_rank = 0;   // 0: the query projection is one matrix
  int kv_rank = 0;  // of the latent vector
  int d_nope = 0;   // of a head's key, without rope
  int d_rope = 0;   // and with rope, shared by all heads
  int d_value = 0;
  float scale = 0;
  int rope = 0;
  QueryGrowth growth = {};
};

// Mamba (arXiv 2312.00752).
struct MambaSpec {
  int d_inner = 0;
  int d_state = 0;
  int d_conv = 0;
  int dt_rank = 0;
  bool norms = false;  // RMS norms without weight on dt, B and C (FalconMamba)
};

// Gated delta net (arXiv 2412.06464).
struct DeltaNetSpec {
  int n_key_heads = 0;
  int n_value_heads = 0;
  int d_head = 0;  // of keys and values
  int d_conv = 0;
};

// Gated short convolution (LFM2, arXiv 2511.23404).
struct ShortConvSpec {
  int d_conv = 0;
};

struct DenseSpec {
  int d_ff = 0;
  bool gated = true;
  bool fused_up = false;  // gate and up in one matrix, gate first
  compute::ops::Activation activation = compute::ops::Activation::Silu;
};

enum class Gating {
  Softmax,          // of all experts, then the best
  Sigmoid,          // of each
  SoftmaxOfChosen,  // the best by logit, then their softmax
};

struct ExpertsSpec {
  int n_experts = 0;
  int n_used = 0;
  int d_ff = 0;
  Gating gating = Gating::Softmax;
  bool normalise = false;  // weights of the chosen sum to one
  float weight_scale = 1;  // and are multiplied by this
  int n_groups = 1;        // choose groups first, then experts inside them
  int n_groups_used = 1;
  bool clamped = false;  // gpt-oss's activation
  compute::ops::Activation activation = compute::ops::Activation::Silu;
  int d_shared = 0;  // width of the expert that every token passes; 0: none
};

// A dense block and experts, side by side on the same input, each with norms of its own (Gemma 4).
struct DenseAndExpertsSpec {
  DenseSpec dense;
  ExpertsSpec experts;
};

struct LayerSpec {
  std::variant<AttentionSpec, MlaSpec, MambaSpec, DeltaNetSpec, ShortConvSpec> mixer;
  std::variant<std::monostate, DenseSpec, ExpertsSpec, DenseAndExpertsSpec> feed_forward;
  // Tensor names of the norms, without "blk.N." and ".weight"; empty: there is none.
  std::string mixer_norm = "attn_norm";  // before the mixer
  std::string mixer_post_norm = {};      // of its result, before the residual sum
  std::string mixer_sum_norm = {};       // of that sum (post-norm transformers)
  std::string feed_forward_norm = "ffn_norm";
  std::string feed_forward_post_norm = {};
  std::string feed_forward_sum_norm = {};
};

// What differs between the classification heads of Pooling::Rank.
struct RankSpec {
  bool gelu = false;     // the dense layer's activation, else tanh
  bool softmax = false;  // the scores are probabilities of the labels
};

struct ModelSpec {
  ModelInfo info;
  int n_draft_layers = 0;  // that the file has behind the model's; they are left alone
  RankSpec rank;
  std::vector<LayerSpec> layers;
  std::vector<compute::RopeOptions> ropes;  // divisors are filled in from rope_divisors
  std::vector<std::string> rope_divisors;   // per rope: tensor name or empty
  NormKind norm = NormKind::Rms;
  float norm_epsilon = 0;
  bool causal = true;
  bool parallel = false;  // mixer and feed-forward read the same normed input
  float embedding_scale = 1;
  std::string embedding_norm = {};  // tensor names as above
  std::string output_norm = "output_norm";
  bool position_embedding = false;
  bool token_types = false;
  float residual_scale = 1;
  float logit_scale = 1;
  float logit_softcap = 0;
  bool layer_output_scale = false;  // every layer ends with a learned factor
  int d_per_layer = 0;              // per-layer embeddings (Gemma); 0: none
};

}  // namespace engine
