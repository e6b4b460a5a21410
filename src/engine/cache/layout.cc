#include "engine/cache/layout.h"

#include <algorithm>

namespace engine {
namespace {

constexpr std::size_t kAlignment = 64;  // a vector register

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t side_bytes(KvType type, int width) {
  const auto elements = static_cast<std::size_t>(width) * kPageTokens;
  switch (type) {
    case KvType::F32: return aligned(elements * 4);
    case KvType::F16: return aligned(elements * 2);
    case KvType::BF16: {
      const auto even = static_cast<std::size_t>(width + width % 2);  // keys stand in pairs
      return aligned(even * kPageTokens * 2);
    }
    case KvType::Q8: return aligned(elements + kPageTokens * sizeof(float));
  }
  return 0;
}

}  // namespace

KvHeadBytes kv_head_bytes(KvType type, int d_key, int d_value) {
  return {.keys = side_bytes(type, d_key), .values = side_bytes(type, d_value)};
}

KvLayout::KvLayout(KvType type, std::vector<KvLayer> layers) : type_(type) {
  // Layers that see everything come first when there are any: group 0 then holds whole sequences.
  for (const auto& layer : layers) {
    if (layer.window == 0) windows_ = {0};
  }
  for (const auto& layer : layers) {
    if (std::ranges::find(windows_, layer.window) == windows_.end()) {
      windows_.push_back(layer.window);
    }
  }
  page_bytes_.resize(windows_.size());
  for (const auto& layer : layers) {
    Place place{.shape = layer, .head = kv_head_bytes(type, layer.d_key_stored(), layer.d_value)};
    place.group =
        static_cast<std::size_t>(std::ranges::find(windows_, layer.window) - windows_.begin());
    place.offset = page_bytes_[place.group];
    page_bytes_[place.group] +=
        static_cast<std::size_t>(layer.n_heads) * (place.head.keys + place.head.values);
    layers_.push_back(place);
  }
}

std::size_t KvLayout::pages_for(std::size_t group, std::size_t tokens,
                                std::size_t step_tokens) const {
  const auto all = (tokens + kPageTokens - 1) / kPageTokens;
  if (windows_[group] == 0) return all;
  const auto held = static_cast<std::size_t>(windows_[group]) + step_tokens;
  return std::min(all, held / kPageTokens + 2);  // both ends may lie inside a page
}

}  // namespace engine
