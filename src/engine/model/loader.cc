#include "engine/model/loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "compute/quant/dequantize.h"

namespace engine {
namespace {

// Read by those who need them; others' files may carry them: factors that another context length
// would choose, heads of another task.
bool may_stay_unused(std::string_view name) {
  return name.starts_with("rope_") || name.starts_with("cls") ||
         name.find("attn_rot_embd") != name.npos || name.ends_with("attn_kv_b.weight") ||
         name == "output.weight" || name.starts_with("token_types");
}

compute::WeightSource source_of(const gguf::TensorInfo& tensor, std::size_t n_in,
                                std::size_t n_out) {
  return {.dtype = tensor.dtype, .n_out = n_out, .n_in = n_in, .bytes = tensor.bytes};
}

}  // namespace

void TensorLoader::refuse(Error error) {
  if (!error_) error_ = std::move(error);
}

Status TensorLoader::status() const {
  if (error_) return fail(*error_);
  return {};
}

void TensorLoader::refuse_unused(int n_layers, int n_draft_layers) {
  std::vector<std::string> drafts;
  for (int i = 0; i < n_draft_layers; ++i) drafts.push_back(fmt::format("blk.{}.", n_layers + i));
  const auto is_draft = [&](std::string_view name) {
    return std::ranges::any_of(drafts, [&](const auto& start) { return name.starts_with(start); });
  };
  for (const auto& tensor : file_.tensors()) {
    if (used_.contains(tensor.name) || may_stay_unused(tensor.name)) continue;
    if (is_draft(tensor.name)) continue;
    return refuse(
        {ErrorCode::Unsupported,
         fmt::format("the model has the tensor {}, which is not known for its architecture",
                     tensor.name)});
  }
}

// The tensor, which must exist with exactly this shape.
const gguf::TensorInfo* TensorLoader::find(const std::string& full_name, std::size_t n_in,
                                           std::size_t n_out, std::size_t n_stacked) {
  const auto found = file_.tensor(full_name);
  used_.insert(full_name);
  if (!found) return refuse(found.error()), nullptr;
  const auto& shape = (*found)->shape;
  const auto as = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  if (shape[0] != as(n_in) || shape[1] != as(n_out) || shape[2] != as(n_stacked) || shape[3] != 1) {
    refuse(
        {ErrorCode::CorruptData,
         fmt::format("the tensor {} has the shape [{}, {}, {}, {}], expected [{}, {}, {}, 1]",
                     full_name, shape[0], shape[1], shape[2], shape[3], n_in, n_out, n_stacked)});
    return nullptr;
  }
  return *found;
}

compute::Weight TensorLoader::matrix(const std::string& full_name, std::size_t n_in,
                                     std::size_t n_out, bool lookup_only) {
  const auto* tensor = find(full_name, n_in, n_out, 1);
  if (tensor == nullptr) return {};
  auto source = source_of(*tensor, n_in, n_out);
  source.lookup_only = lookup_only;
  auto weight = compute::Weight::load(source, pool_);
  if (!weight) return refuse(weight.error()), compute::Weight();
  if (!lookup_only) file_.forget(*tensor);  // the kernels have their own copy
  return std::move(*weight);
}

Linear TensorLoader::linear(const std::string& name, std::size_t n_in, std::size_t n_out) {
  Linear linear;
  const auto full = prefix_ + name + ".weight";
  linear.weight = matrix(full, n_in, n_out);
  linear.bias = optional_floats(name + ".bias", n_out);
  linear.lora = std::make_shared<LoraSite>(LoraSite{.n_in = n_in, .n_out = n_out, .parts = {}});
  lora_sites_[full] = linear.lora;
  return linear;
}

Linear TensorLoader::optional_linear(const std::string& name, std::size_t n_in, std::size_t n_out) {
  return has(name + ".weight") ? linear(name, n_in, n_out) : Linear();
}

compute::ExpertWeights TensorLoader::experts(const std::string& name, std::size_t n_in,
                                             std::size_t n_out, std::size_t n_experts) {
  const auto* tensor = find(prefix_ + name + ".weight", n_in, n_out, n_experts);
  if (tensor == nullptr) return {};
  auto weights = compute::ExpertWeights::load(source_of(*tensor, n_in, n_out), n_experts, pool_);
  if (!weights) return refuse(weights.error()), compute::ExpertWeights();
  file_.forget(*tensor);
  return std::move(*weights);
}

compute::ExpertWeights TensorLoader::experts_of(std::span<const float> values, std::size_t n_in,
                                                std::size_t n_out, std::size_t n_experts) {
  auto weights = compute::ExpertWeights::load(
      {.dtype = compute::DType::F32, .n_out = n_out, .n_in = n_in, .bytes = std::as_bytes(values)},
      n_experts, pool_);
  if (!weights) return refuse(weights.error()), compute::ExpertWeights();
  return std::move(*weights);
}

Norm TensorLoader::norm(const std::string& name, std::size_t n) {
  return norm(name, n, norm_);
}

Norm TensorLoader::norm(const std::string& name, std::size_t n, NormKind kind) {
  if (name.empty()) return {};
  return {
      .kind = kind,
      .weight = floats(name + ".weight", n),
      .bias = kind == NormKind::Layer ? optional_floats(name + ".bias", n) : std::vector<float>()};
}

std::vector<float> TensorLoader::optional_floats(const std::string& name, std::size_t n) {
  return has(name) ? floats(name, n) : std::vector<float>();
}

std::vector<float> TensorLoader::floats(const std::string& name, std::size_t n) {
  const auto found = file_.tensor(prefix_ + name);
  used_.insert(prefix_ + name);
  if (!found) return refuse(found.error()), std::vector<float>();
  const auto& tensor = **found;
  if (tensor.n_elements != n || !compute::quant::can_dequantize(tensor.dtype)) {
    refuse({ErrorCode::CorruptData,
            fmt::format("the tensor {}{} has {} elements of type {}, expected {} numbers", prefix_,
                        name, tensor.n_elements, compute::name(tensor.dtype), n)});
    return {};
  }
  // Rows one by one: a block format pads none of them, but its functions work on whole rows.
  const auto columns = static_cast<std::size_t>(tensor.shape[0]);
  const auto row_bytes = compute::row_bytes(tensor.dtype, columns);
  if (!row_bytes) return refuse(row_bytes.error()), std::vector<float>();
  std::vector<float> values(n);
  for (std::size_t begin = 0, byte = 0; begin < n; begin += columns, byte += *row_bytes) {
    compute::quant::dequantize_row(tensor.dtype, tensor.bytes.subspan(byte, *row_bytes),
                                   std::span(values).subspan(begin, columns));
  }
  return values;
}

}  // namespace engine
