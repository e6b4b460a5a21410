#include "copying_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/sampling/counter_random.h"

namespace {

// Where things are in the residual stream. Every token has a signature of 64 signs.
constexpr int kOwn = 0;         // the signature of the token
constexpr int kBefore = 64;     // of the token before it, written by layer 0
constexpr int kAnswer = 128;    // of the token to say, written by layer 1
constexpr int kConstant = 192;  // always 8, in a block of its own so that it quantises exactly
constexpr int kSignature = 64;
constexpr float kConstantValue = 8;
constexpr float kAnswerValue = 4;

// Of a head's 32 pairs the first 4 turn with the position and tell the token before from all
// others; pairs from the sixth on hardly turn within a context and compare signatures.
constexpr int kTurningPairs = 4;
constexpr int kStill = 10;

// What the norm before a layer multiplies with: entries of squares summing to `squares`.
float norm_factor(int width, float squares) {
  return std::sqrt(static_cast<float>(width) / squares);
}

float sign(std::uint64_t seed, int token, int index) {
  const auto bits = engine::mix_bits(seed ^ engine::mix_bits(static_cast<std::uint64_t>(token)));
  return (bits >> index & 1) != 0 ? 1.0f : -1.0f;
}

float turn_per_token(const CopyingShape& shape, int pair) {
  return std::pow(shape.rope_base, -2.0f * static_cast<float>(pair) / kCopyingHead);
}

// Looks at the token before: the keys are turned one token ahead.
void fill_layer_before(const std::string& part, int row, const CopyingShape& shape,
                       std::span<float> out) {
  const float norm = norm_factor(shape.width, kSignature + kConstantValue * kConstantValue);
  const float unit = 32 / (norm * kConstantValue);  // queries and keys of length 32
  if (part == "attn_q" && row < 2 * kTurningPairs && row % 2 == 0) out[kConstant] = unit;
  if (part == "attn_k" && row < 2 * kTurningPairs) {
    const float angle = turn_per_token(shape, row / 2);
    out[kConstant] = unit * (row % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }
  if (part == "attn_v" && row < kSignature) out[kOwn + row] = 1 / norm;
  if (part == "attn_output" && row >= kBefore && row < kBefore + kSignature) out[row - kBefore] = 1;
}

// Looks for the places that stand after this token, and takes what stands there.
void fill_layer_copy(const std::string& part, int row, const CopyingShape& shape,
                     std::span<float> out) {
  const float norm = norm_factor(shape.width, 2 * kSignature + kConstantValue * kConstantValue);
  // 54 signs that agree score 54 * 3.3 * 3.3 / sqrt(64) = 73, half as many disagreeing ones 0.
  const float unit = 3.3f / norm;
  const bool still = row >= kStill && row < kCopyingHead;
  if (part == "attn_q" && still) out[kOwn + row - kStill] = unit;
  if (part == "attn_k" && still) out[kBefore + row - kStill] = unit;
  if (part == "attn_v" && row < kSignature) out[kOwn + row] = 1 / norm;
  if (part == "attn_output" && row >= kAnswer && row < kAnswer + kSignature)
    out[row - kAnswer] = kAnswerValue;
}

constexpr std::array<std::string_view, 4> kParts = {"attn_q", "attn_k", "attn_v", "attn_output"};

}  // namespace

bool copying_tensor_counts(const std::string& name) {
  if (name == "token_embd.weight" || name == "output.weight") return true;
  if (!name.starts_with("blk.0.") && !name.starts_with("blk.1.")) return false;
  const auto part = name.substr(6, name.rfind('.') - 6);
  return std::ranges::find(kParts, part) != kParts.end();
}

void fill_copying_row(const std::string& name, int row, const CopyingShape& shape,
                      std::span<float> out) {
  const bool embedding = name == "token_embd.weight";
  if (embedding || name == "output.weight") {
    const int at = embedding ? kOwn : kAnswer;
    for (int i = 0; i < kSignature; ++i) out[at + i] = sign(shape.seed, row, i);
    if (embedding) out[kConstant] = kConstantValue;
    return;
  }
  const auto part = name.substr(6, name.rfind('.') - 6);
  if (name[4] == '0') {
    fill_layer_before(part, row, shape, out);
  } else {
    fill_layer_copy(part, row, shape, out);
  }
}
