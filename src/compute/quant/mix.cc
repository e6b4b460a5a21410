#include "compute/quant/mix.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"

namespace compute::quant {
namespace {

struct MixEntry {
  Mix mix;
  std::string_view name;
  std::uint32_t file_type;
  DType dtype;  // of most tensors
};

constexpr std::array kMixes = {
    MixEntry{Mix::F16, "F16", 1, DType::F16},
    MixEntry{Mix::BF16, "BF16", 32, DType::BF16},
    MixEntry{Mix::Q8_0, "Q8_0", 7, DType::Q8_0},
    MixEntry{Mix::Q4_0, "Q4_0", 2, DType::Q4_0},
    MixEntry{Mix::Q4_K_S, "Q4_K_S", 14, DType::Q4_K},
    MixEntry{Mix::Q4_K_M, "Q4_K_M", 15, DType::Q4_K},
    MixEntry{Mix::Q5_K_S, "Q5_K_S", 16, DType::Q5_K},
    MixEntry{Mix::Q5_K_M, "Q5_K_M", 17, DType::Q5_K},
    MixEntry{Mix::Q6_K, "Q6_K", 18, DType::Q6_K},
};

const MixEntry& entry(Mix mix) {
  const auto found = std::ranges::find(kMixes, mix, &MixEntry::mix);
  CHECK(found != kMixes.end());
  return *found;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Small tensors, and those whose rounding would move everything after them.
bool keeps_its_type(std::string_view name, std::size_t n_dims) {
  if (n_dims < 2 || !name.ends_with("weight")) return true;
  constexpr std::array<std::string_view, 13> kKept = {
      "_norm.weight",         "ffn_gate_inp",  "position_embd", "token_types", "ssm_conv1d",
      "shortconv.conv",       "attn_rel_b",    "altup",         "laurel",      "time_mix_",
      "per_layer_model_proj", "conv1d.weight", "rope_freqs"};
  return std::ranges::any_of(kKept, [&](std::string_view part) { return contains(name, part); });
}

// N of "blk.N."; the first layer for other names.
std::size_t layer_of(std::string_view name) {
  std::size_t layer = 0;
  if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), layer);
  return layer;
}

// The first and last eighth of the layers, and every third between them.
bool is_important_layer(std::size_t layer, std::size_t n_layers) {
  const std::size_t eighth = n_layers / 8;
  return layer < eighth || layer >= 7 * n_layers / 8 || (layer - eighth) % 3 == 2;
}

bool is_medium(Mix mix) {
  return mix == Mix::Q4_K_M || mix == Mix::Q5_K_M;
}

// For the K mixes: the types of single kinds of tensors.
DType type_in_k_mix(Mix mix, std::string_view name, const MixContext& context) {
  const DType usual = entry(mix).dtype;
  const std::size_t layer = layer_of(name);
  const bool important = is_important_layer(layer, context.n_layers);
  const bool eight_experts = context.n_experts == 8;
  if (contains(name, "attn_v.weight")) {
    if (eight_experts) return DType::Q8_0;  // small beside the experts
    if (is_medium(mix) && important) return DType::Q6_K;
    if (mix == Mix::Q4_K_S && layer < 4) return DType::Q5_K;
  } else if (contains(name, "attn_k.weight")) {
    if (eight_experts) return DType::Q8_0;
  } else if (contains(name, "ffn_down")) {
    if (is_medium(mix) && important) return DType::Q6_K;
    if (mix == Mix::Q4_K_S && layer < context.n_layers / 8) return DType::Q5_K;
  } else if (contains(name, "attn_output.weight")) {
    if (eight_experts && usual == DType::Q4_K) return DType::Q5_K;
  } else if (contains(name, "attn_qkv.weight")) {
    if (mix == Mix::Q4_K_M) return DType::Q5_K;
    if (mix == Mix::Q5_K_M) return DType::Q6_K;
  }
  return usual;
}

// What to take when blocks of 256 do not divide the rows, and when those of 32 do not either.
DType fitting(DType wanted, std::size_t n_in) {
  if (n_in % block_elements(wanted) == 0) return wanted;
  DType narrower = DType::F16;
  if (wanted == DType::Q4_K) narrower = DType::Q5_0;
  if (wanted == DType::Q5_K) narrower = DType::Q5_1;
  if (wanted == DType::Q6_K) narrower = DType::Q8_0;
  return n_in % block_elements(narrower) == 0 ? narrower : DType::F16;
}

}  // namespace

std::optional<Mix> mix_from_name(std::string_view name) {
  const auto found = std::ranges::find_if(kMixes, [&](const MixEntry& entry) {
    return std::ranges::equal(entry.name, name, {}, upper, upper);
  });
  if (found == kMixes.end()) return std::nullopt;
  return found->mix;
}

std::string_view name(Mix mix) {
  return entry(mix).name;
}
std::string mix_names() {
  std::string names;
  for (const auto& entry : kMixes) names.append(names.empty() ? "" : ", ").append(entry.name);
  return names;
}
std::uint32_t file_type(Mix mix) {
  return entry(mix).file_type;
}

DType type_in_mix(Mix mix, std::string_view name, DType from, std::size_t n_in, std::size_t n_dims,
                  const MixContext& context) {
  if (keeps_its_type(name, n_dims)) return from;
  const DType usual = entry(mix).dtype;
  if (block_elements(usual) == 1) return usual;
  const bool is_output =
      name == "output.weight" || (!context.has_output && name == "token_embd.weight");
  if (is_output) return fitting(usual == DType::Q8_0 ? DType::Q8_0 : DType::Q6_K, n_in);
  return fitting(block_elements(usual) == 256 ? type_in_k_mix(mix, name, context) : usual, n_in);
}

}  // namespace compute::quant
