#include "engine/testing/tiny_model.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "compute/gguf/writer.h"

namespace engine::testing {
namespace {

using compute::DType;

// Tensors of random numbers in the order they are added.
class Tensors {
 public:
  Tensors(gguf::Layout& layout, std::uint64_t seed) : layout_(layout), random_(seed) {}

  void add(const std::string& name, int n_in, int n_out) {
    const std::int64_t shape[] = {n_in, n_out};
    layout_.add_tensor(name, DType::F32, shape);
    index_[name] = values_.size();
    auto& values = values_.emplace_back(static_cast<std::size_t>(n_in) * n_out);
    const auto scale = std::sqrt(3.0 / n_in);
    for (float& value : values) value = static_cast<float>((2 * random_.unit() - 1) * scale);
  }
  void add_ones(const std::string& name, int n) {
    const std::int64_t shape[] = {n};
    layout_.add_tensor(name, DType::F32, shape);
    values_.emplace_back(static_cast<std::size_t>(n), 1.0f);
  }
  std::vector<float>& values(const std::string& name) { return values_[index_.at(name)]; }
  void write(const std::string& path) {
    auto writer = gguf::Writer::create(path, layout_);
    CHECK(writer);
    for (const auto& values : values_) CHECK(writer->write(std::as_bytes(std::span(values))));
    CHECK(writer->finish());
  }

 private:
  gguf::Layout& layout_;
  base::SeededRandom random_;
  std::vector<std::vector<float>> values_;
  std::map<std::string, std::size_t> index_;  // of matrices
};

void set_size(gguf::Layout& layout, const std::string& key, int value) {
  layout.set("llama." + key, static_cast<std::uint32_t>(value));
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> counter = 0;
  folder_ = std::filesystem::temp_directory_path() /
            ("parlance-" + std::to_string(getpid()) + "-" + std::to_string(counter++));
  std::filesystem::create_directories(folder_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

namespace {

constexpr int kRank = 2;
constexpr float kAlpha = 8;
constexpr const char* kAdapted[] = {"attn_q", "attn_output"};

std::string tensor_name(int layer, const std::string& name) {
  return "blk." + std::to_string(layer) + "." + name + ".weight";
}

void fill_model(gguf::Layout& layout, Tensors& tensors, const TinyModelShape& shape) {
  layout.set("general.architecture", "llama");
  set_size(layout, "context_length", shape.context);
  set_size(layout, "embedding_length", shape.d_model);
  set_size(layout, "block_count", shape.n_layers);
  set_size(layout, "feed_forward_length", shape.d_ff);
  set_size(layout, "attention.head_count", shape.n_heads);
  set_size(layout, "attention.head_count_kv", shape.n_kv_heads);
  layout.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  const int d_kv = shape.d_model / shape.n_heads * shape.n_kv_heads;
  tensors.add("token_embd.weight", shape.d_model, shape.n_vocab);
  tensors.add("output.weight", shape.d_model, shape.n_vocab);
  tensors.add_ones("output_norm.weight", shape.d_model);
  for (int i = 0; i < shape.n_layers; ++i) {
    tensors.add_ones(tensor_name(i, "attn_norm"), shape.d_model);
    tensors.add(tensor_name(i, "attn_q"), shape.d_model, shape.d_model);
    tensors.add(tensor_name(i, "attn_k"), shape.d_model, d_kv);
    tensors.add(tensor_name(i, "attn_v"), shape.d_model, d_kv);
    tensors.add(tensor_name(i, "attn_output"), shape.d_model, shape.d_model);
    tensors.add_ones(tensor_name(i, "ffn_norm"), shape.d_model);
    tensors.add(tensor_name(i, "ffn_gate"), shape.d_model, shape.d_ff);
    tensors.add(tensor_name(i, "ffn_up"), shape.d_model, shape.d_ff);
    tensors.add(tensor_name(i, "ffn_down"), shape.d_ff, shape.d_model);
  }
}

void fill_adapter(gguf::Layout& layout, Tensors& tensors, const TinyModelShape& shape) {
  layout.set("general.architecture", "llama");
  layout.set("general.type", "adapter");
  layout.set("adapter.type", "lora");
  layout.set("adapter.lora.alpha", kAlpha);
  for (int i = 0; i < shape.n_layers; ++i) {
    for (const char* name : kAdapted) {
      tensors.add(tensor_name(i, name) + ".lora_a", shape.d_model, kRank);
      tensors.add(tensor_name(i, name) + ".lora_b", kRank, shape.d_model);
    }
  }
}

}  // namespace

void write_tiny_model(const std::string& path, std::uint64_t seed, const TinyModelShape& shape) {
  gguf::Layout layout;
  Tensors tensors(layout, seed);
  fill_model(layout, tensors, shape);
  if (!shape.extra_tensor.empty()) {
    tensors.add_ones(shape.extra_tensor + ".weight", shape.d_model);
  }
  tensors.write(path);
}

void write_tiny_adapter(const std::string& path, std::uint64_t seed, const TinyModelShape& shape) {
  gguf::Layout layout;
  Tensors tensors(layout, seed);
  fill_adapter(layout, tensors, shape);
  tensors.write(path);
}

void write_merged_tiny_model(const std::string& path, std::uint64_t seed,
                             std::uint64_t adapter_seed, const TinyModelShape& shape) {
  gguf::Layout layout, adapter_layout;
  Tensors tensors(layout, seed), adapter(adapter_layout, adapter_seed);
  fill_model(layout, tensors, shape);
  fill_adapter(adapter_layout, adapter, shape);
  const auto d = static_cast<std::size_t>(shape.d_model);
  for (int i = 0; i < shape.n_layers; ++i) {
    for (const char* name : kAdapted) {
      auto& weight = tensors.values(tensor_name(i, name));               // [d, d]
      const auto& a = adapter.values(tensor_name(i, name) + ".lora_a");  // [rank, d]
      const auto& b = adapter.values(tensor_name(i, name) + ".lora_b");  // [d, rank]
      for (std::size_t out = 0; out < d; ++out) {
        for (std::size_t in = 0; in < d; ++in) {
          for (std::size_t r = 0; r < kRank; ++r) {
            weight[out * d + in] += kAlpha / kRank * b[out * kRank + r] * a[r * d + in];
          }
        }
      }
    }
  }
  tensors.write(path);
}

}  // namespace engine::testing
