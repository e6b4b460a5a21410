// Loading GGUF LoRA adapters into a Transformer.
#include <fmt/format.h>

#include "engine/model/transformer.h"

namespace engine {

// One loaded adapter file, which its matrices borrow from.
struct Transformer::Adapter {
  gguf::File file;
};

namespace {

constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";

Result<compute::Weight> load_matrix(const gguf::TensorInfo& tensor, compute::Pool& pool) {
  return compute::Weight::load({.dtype = tensor.dtype,
                                .n_out = static_cast<std::size_t>(tensor.shape[1]),
                                .n_in = static_cast<std::size_t>(tensor.shape[0]),
                                .bytes = tensor.bytes},
                               pool);
}

Result<LoraPart> load_part(const gguf::File& file, const gguf::TensorInfo& a,
                           const std::string& name, const LoraSite& site, float alpha,
                           compute::Pool& pool) {
  const auto b = file.tensor(name + std::string(kSuffixB));
  if (!b) return fail(b.error());
  const auto n_in = static_cast<std::int64_t>(site.n_in);
  const auto n_out = static_cast<std::int64_t>(site.n_out);
  const bool fits = a.shape[0] == n_in && (*b)->shape[1] == n_out && a.shape[1] > 0 &&
                    (*b)->shape[0] == a.shape[1] && a.shape[2] == 1 && (*b)->shape[2] == 1 &&
                    a.shape[3] == 1 && (*b)->shape[3] == 1;
  if (!fits) {
    return fail(ErrorCode::CorruptData,
                fmt::format("the adapter's matrices for {} do not fit the model", name));
  }
  LoraPart part;
  const auto rank = static_cast<float>(a.shape[1]);
  part.scale = alpha > 0 ? alpha / rank : 1;
  auto loaded_a = load_matrix(a, pool), loaded_b = load_matrix(**b, pool);
  if (!loaded_a) return fail(loaded_a.error());
  if (!loaded_b) return fail(loaded_b.error());
  part.a = std::move(*loaded_a);
  part.b = std::move(*loaded_b);
  return part;
}

}  // namespace

Result<int> Transformer::add_adapter(const std::string& path) {
  auto file = gguf::File::open(path);
  if (!file) return fail(file.error());
  auto adapter = std::make_shared<Adapter>(Adapter{std::move(*file)});
  const auto& opened = adapter->file;
  const auto type = opened.find_or<std::string>("general.type", "");
  const auto kind = opened.find_or<std::string>("adapter.type", "");
  if (!type || *type != "adapter" || !kind || *kind != "lora") {
    return fail(ErrorCode::InvalidRequest, "the file is not a LoRA adapter");
  }
  const auto architecture = opened.find_or<std::string>("general.architecture", "");
  if (!architecture || *architecture != spec_.info.architecture) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("the adapter is for the architecture '{}', the model is '{}'",
                            architecture.value_or("?"), spec_.info.architecture));
  }
  const auto alpha = opened.find_or<float>("adapter.lora.alpha", 0);
  if (!alpha) return fail(alpha.error());

  const int number = static_cast<int>(adapters_.size());
  std::vector<std::pair<std::shared_ptr<LoraSite>, LoraPart>> parts;
  for (const auto& tensor : opened.tensors()) {
    if (tensor.name.ends_with(kSuffixB)) continue;
    if (!tensor.name.ends_with(kSuffixA)) {
      return fail(ErrorCode::CorruptData,
                  fmt::format("the adapter has the unexpected tensor {}", tensor.name));
    }
    const std::string name(tensor.name.substr(0, tensor.name.size() - kSuffixA.size()));
    const auto site = lora_sites_.find(name);
    if (site == lora_sites_.end()) {
      return fail(ErrorCode::Unsupported,
                  fmt::format("the adapter changes {}, which adapters cannot change", name));
    }
    auto part = load_part(opened, tensor, name, *site->second, *alpha, pool_);
    if (!part) return fail(part.error());
    part->adapter = number;
    parts.emplace_back(site->second, std::move(*part));
  }
  for (auto& [site, part] : parts) site->parts.push_back(std::move(part));
  adapters_.push_back(std::move(adapter));
  return number;
}

}  // namespace engine
