// How keys and values lie in memory: pages of 64 tokens, one after another per layer and head.
//
// Inside a page, for every layer of its group and every kv head of that layer:
//   keys   [4, d_key, 16]   four blocks of 16 tokens, transposed, so that the scores of 16 tokens
//                           come out of one vector register without a horizontal sum
//   values [64, d_value]
// with elements of `KvType`. Where a part of the keys is the values (latent attention) it is stored
// once, with the values; keys hold the rest. Q8 adds one f32 scale per token to each: keys first
// [64] scales. BF16 keeps what a dot product takes together in pairs (compute/kernels/attention.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace engine {

inline constexpr int kPageTokens = 64;

enum class KvType : std::uint8_t { F16, F32, Q8, BF16 };

// What one attention layer stores. Layers that share a window length form a group with a page table
// of its own, so that windowed layers can let go of pages that no later token sees.
struct KvLayer {
  int n_heads = 0;
  int d_key = 0;
  int d_value = 0;
  int window = 0;    // tokens a query sees, itself included; 0 for all
  int d_shared = 0;  // so many first elements of a key are its value too

  int d_key_stored() const { return d_key - d_shared; }
  bool operator==(const KvLayer&) const = default;
};

struct KvHeadBytes {
  std::size_t keys = 0;  // of one head in one page
  std::size_t values = 0;
};

// Where everything is. Plain numbers, computed once per model.
class KvLayout {
 public:
  KvLayout() = default;
  KvLayout(KvType type, std::vector<KvLayer> layers);

  KvType type() const { return type_; }
  std::size_t layer_count() const { return layers_.size(); }
  std::size_t group_count() const { return windows_.size(); }
  int window(std::size_t group) const { return windows_[group]; }
  std::size_t page_bytes(std::size_t group) const { return page_bytes_[group]; }
  const KvLayer& layer(std::size_t layer) const { return layers_[layer].shape; }
  std::size_t group_of(std::size_t layer) const { return layers_[layer].group; }
  // From the start of a page of the layer's group.
  std::size_t keys_offset(std::size_t layer, int head) const {
    const auto& place = layers_[layer];
    return place.offset + static_cast<std::size_t>(head) * (place.head.keys + place.head.values);
  }
  std::size_t values_offset(std::size_t layer, int head) const {
    return keys_offset(layer, head) + layers_[layer].head.keys;
  }
  // Pages of `group` that hold the keys of a sequence of `tokens` at most, windows respected.
  // `step_tokens` rows are computed at a time and are all held at once.
  std::size_t pages_for(std::size_t group, std::size_t tokens, std::size_t step_tokens) const;

 private:
  struct Place {
    KvLayer shape;
    std::size_t group = 0;
    std::size_t offset = 0;
    KvHeadBytes head;
  };
  KvType type_ = KvType::F16;
  std::vector<Place> layers_;
  std::vector<int> windows_;             // [n_groups]
  std::vector<std::size_t> page_bytes_;  // [n_groups]
};

KvHeadBytes kv_head_bytes(KvType type, int d_key, int d_value);

}  // namespace engine
