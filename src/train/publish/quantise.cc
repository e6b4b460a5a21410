#include "train/publish/quantise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "compute/quant/half.h"

namespace train {

namespace {

constexpr int kBlock = 32;           // numbers per Q8_0 block
constexpr int kBlockBytes = 2 + 32;  // their scale as f16, then a byte each

}  // namespace

std::vector<std::byte> q8_0_of(std::span<const float> values) {
  CHECK(values.size() % kBlock == 0);
  std::vector<std::byte> out(values.size() / kBlock * kBlockBytes);
  std::byte* to = out.data();
  for (std::size_t at = 0; at < values.size(); at += kBlock) {
    const auto block = values.subspan(at, kBlock);
    float largest = 0;
    for (const float value : block) largest = std::max(largest, std::abs(value));
    const float scale = largest / 127.0f;
    const std::uint16_t half = compute::f16_from_f32(scale);
    std::memcpy(to, &half, sizeof(half));
    to += sizeof(half);
    for (const float value : block) {
      const float steps = scale > 0 ? std::round(value / scale) : 0.0f;
      *to++ = static_cast<std::byte>(static_cast<std::int8_t>(steps));
    }
  }
  return out;
}

}  // namespace train
