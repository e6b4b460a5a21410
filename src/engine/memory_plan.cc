#include "engine/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include "base/limits/engine.h"
#include "engine/model/transformer.h"
#include "engine/size.h"

namespace engine {
namespace {

double gibibytes(std::size_t bytes) {
  return static_cast<double>(bytes) / (1 << 30);
}

std::size_t weight_bytes(const gguf::File& file) {
  std::size_t bytes = 0;
  for (const auto& tensor : file.tensors()) bytes += tensor.bytes.size();
  return bytes;
}

std::size_t experts_width(const ExpertsSpec& experts, std::size_t d_model) {
  return 4 * size(std::max(experts.d_ff, experts.d_shared)) + 2 * d_model;
}

std::size_t feed_forward_width(const LayerSpec& layer, std::size_t d_model) {
  if (const auto* dense = std::get_if<DenseSpec>(&layer.feed_forward)) return 3 * size(dense->d_ff);
  if (const auto* experts = std::get_if<ExpertsSpec>(&layer.feed_forward)) {
    return experts_width(*experts, d_model);
  }
  const auto* both = std::get_if<DenseAndExpertsSpec>(&layer.feed_forward);
  if (both == nullptr) return 0;
  return std::max(3 * size(both->dense.d_ff), experts_width(both->experts, d_model)) + 3 * d_model;
}

std::size_t context_bytes(const KvLayout& layout, int context, int step) {
  std::size_t bytes = 0;
  for (std::size_t group = 0; group < layout.group_count(); ++group) {
    bytes += layout.pages_for(group, size(context), size(step)) * layout.page_bytes(group);
  }
  return bytes;
}

// The longest context whose cache fits into `room`, in whole pages.
int longest_context(const KvLayout& layout, int trained, int step, std::size_t room) {
  int low = 0, high = (trained + kPageTokens - 1) / kPageTokens;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (context_bytes(layout, middle * kPageTokens, step) <= room) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return std::min(trained, low * kPageTokens);
}

std::size_t number_in(const char* path, std::string_view key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (!key.empty() && word != key) continue;
    if (!key.empty()) file >> word;
    const bool digits =
        !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
    return digits ? std::stoull(word) : std::numeric_limits<std::size_t>::max();
  }
  return std::numeric_limits<std::size_t>::max();
}

// BF16 is the fastest. What it rounds away is below what products with BF16 weights, or with fewer
// bits, round anyway; beside exact weights it would show, and in a latent vector, from which all
// heads' keys and values are made.
KvType cache_type(const ModelSpec& spec, const gguf::File& file, const EngineOptions& options) {
  // Encoders compute a text at once and forget it: precision costs them nothing.
  if (!spec.causal) return KvType::F32;
  if (options.kv_type) return *options.kv_type;
  const bool latent = std::ranges::any_of(
      spec.layers, [](const auto& layer) { return std::holds_alternative<MlaSpec>(layer.mixer); });
  if (latent) return KvType::F16;
  std::size_t exact = 0, rounded = 0;
  for (const auto& tensor : file.tensors()) {
    const bool is_exact =
        tensor.dtype == compute::DType::F32 || tensor.dtype == compute::DType::F16;
    (is_exact ? exact : rounded) += tensor.n_elements;
  }
  return exact > rounded ? KvType::F16 : KvType::BF16;
}

}  // namespace

std::size_t work_bytes(const ModelSpec& spec, int sequences_max, int rows) {
  std::size_t widest = 0;
  for (const auto& layer : spec.layers) {
    std::size_t width = 0;
    if (const auto* a = std::get_if<AttentionSpec>(&layer.mixer)) {
      width += size(3 * a->n_heads + 4 * a->n_kv_heads) * size(std::max(a->d_key, a->d_value));
    } else if (const auto* mla = std::get_if<MlaSpec>(&layer.mixer)) {
      width += size(3 * mla->n_heads) * size(mla->kv_rank + mla->d_rope + mla->d_nope);
    }
    widest = std::max({widest, width, feed_forward_width(layer, spec.info.d_model)});
  }
  const auto activations = size(rows) * (6 * spec.info.d_model + widest);
  const auto logits =
      (size(sequences_max) + limits::engine_prompt_logprob_rows) * spec.info.n_vocab;
  const auto states = state_floats_of(spec) * (size(sequences_max) + 1);
  return sizeof(float) * (activations + logits + states);
}

std::size_t available_memory() {
  constexpr auto kUnknown = std::numeric_limits<std::size_t>::max();
  std::size_t available = number_in("/proc/meminfo", "MemAvailable:");
  if (available != kUnknown) available *= 1024;
  const auto limit = number_in("/sys/fs/cgroup/memory.max", "");
  const auto used = number_in("/sys/fs/cgroup/memory.current", "");
  if (limit != kUnknown && used != kUnknown) {
    // Cached file contents count as used and leave when memory is needed.
    const auto cached = number_in("/sys/fs/cgroup/memory.stat", "inactive_file");
    const auto held = used - (cached == kUnknown ? 0 : std::min(used, cached));
    available = std::min(available, limit - std::min(limit, held));
  }
  return available == kUnknown ? std::size_t{4} << 30 : available;
}

Result<CachePlan> plan_cache(const ModelSpec& spec, const gguf::File& file,
                             const EngineOptions& options) {
  CachePlan plan;
  auto& memory = plan.memory;
  const int trained = spec.info.context_trained;
  const int wanted =
      options.context_tokens > 0 ? std::min(options.context_tokens, trained) : trained;
  const int step =
      spec.causal ? options.rows_per_step_max : std::max(options.rows_per_step_max, wanted);
  plan.layout = KvLayout(cache_type(spec, file, options), kv_layers_of(spec));
  memory.available = options.memory_bytes_free > 0 ? options.memory_bytes_free : available_memory();
  if (options.memory_bytes_max > 0) {
    memory.available = std::min(memory.available, options.memory_bytes_max);
  }
  memory.context_wanted = wanted;
  memory.weights = weight_bytes(file);
  memory.work = work_bytes(spec, options.sequences_max, spec.causal ? step : std::min(step, 8'192));
  const auto fixed = memory.weights + memory.work;
  const std::size_t room = memory.available > fixed ? memory.available - fixed : 0;

  const int fits = longest_context(plan.layout, wanted, step, room);
  const int least =
      options.context_tokens > 0 ? wanted : std::min(trained, limits::engine_context_min);
  if (room == 0 || fits < least) {
    return fail(ErrorCode::ResourceExhausted,
                fmt::format("the model does not fit: weights {:.2f} GiB, work space {:.2f} GiB and "
                            "{:.2f} GiB of cache for {} tokens of context are needed, {:.2f} GiB "
                            "are available",
                            gibibytes(memory.weights), gibibytes(memory.work),
                            gibibytes(context_bytes(plan.layout, least, step)), least,
                            gibibytes(memory.available)));
  }
  memory.context_tokens = fits;

  // Room for more than one whole context: half of what is left, no more than all sequences need.
  const auto one = std::max<std::size_t>(1, context_bytes(plan.layout, fits, step));
  const double contexts = std::clamp(static_cast<double>(room / 2) / static_cast<double>(one), 1.0,
                                     static_cast<double>(options.sequences_max));
  for (std::size_t group = 0; group < plan.layout.group_count(); ++group) {
    const auto whole = plan.layout.pages_for(group, size(fits), size(step));
    auto pages = static_cast<std::size_t>(std::ceil(contexts * static_cast<double>(whole))) + 1;
    if (plan.layout.window(group) > 0 && whole * plan.layout.page_bytes(group) * 8 < one) {
      pages = std::max(pages, whole * size(options.sequences_max));  // cheap: never the bottleneck
    }
    plan.page_counts.push_back(pages);
    memory.cache += pages * plan.layout.page_bytes(group);
  }
  return plan;
}

}  // namespace engine
