#include "engine/testing/tiny_model.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
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
    auto& values = values_.emplace_back(static_cast<std::size_t>(n_in) * n_out);
    const auto scale = std::sqrt(3.0 / n_in);
    for (float& value : values) value = static_cast<float>((2 * random_.unit() - 1) * scale);
  }
  void add_ones(const std::string& name, int n) {
    const std::int64_t shape[] = {n};
    layout_.add_tensor(name, DType::F32, shape);
    values_.emplace_back(static_cast<std::size_t>(n), 1.0f);
  }
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

void write_tiny_model(const std::string& path, std::uint64_t seed, const TinyModelShape& shape) {
  gguf::Layout layout;
  layout.set("general.architecture", "llama");
  set_size(layout, "context_length", shape.context);
  set_size(layout, "embedding_length", shape.d_model);
  set_size(layout, "block_count", shape.n_layers);
  set_size(layout, "feed_forward_length", shape.d_ff);
  set_size(layout, "attention.head_count", shape.n_heads);
  set_size(layout, "attention.head_count_kv", shape.n_kv_heads);
  layout.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  const int d_kv = shape.d_model / shape.n_heads * shape.n_kv_heads;
  Tensors tensors(layout, seed);
  tensors.add("token_embd.weight", shape.d_model, shape.n_vocab);
  tensors.add("output.weight", shape.d_model, shape.n_vocab);
  tensors.add_ones("output_norm.weight", shape.d_model);
  for (int i = 0; i < shape.n_layers; ++i) {
    const auto layer = "blk." + std::to_string(i) + ".";
    tensors.add_ones(layer + "attn_norm.weight", shape.d_model);
    tensors.add(layer + "attn_q.weight", shape.d_model, shape.d_model);
    tensors.add(layer + "attn_k.weight", shape.d_model, d_kv);
    tensors.add(layer + "attn_v.weight", shape.d_model, d_kv);
    tensors.add(layer + "attn_output.weight", shape.d_model, shape.d_model);
    tensors.add_ones(layer + "ffn_norm.weight", shape.d_model);
    tensors.add(layer + "ffn_gate.weight", shape.d_model, shape.d_ff);
    tensors.add(layer + "ffn_up.weight", shape.d_model, shape.d_ff);
    tensors.add(layer + "ffn_down.weight", shape.d_ff, shape.d_model);
  }
  tensors.write(path);
}

void write_tiny_adapter(const std::string& path, std::uint64_t seed, const TinyModelShape& shape) {
  constexpr int kRank = 2;
  gguf::Layout layout;
  layout.set("general.architecture", "llama");
  layout.set("general.type", "adapter");
  layout.set("adapter.type", "lora");
  layout.set("adapter.lora.alpha", 8.0f);
  Tensors tensors(layout, seed);
  for (int i = 0; i < shape.n_layers; ++i) {
    for (const char* name : {"attn_q", "attn_output"}) {
      const auto tensor = "blk." + std::to_string(i) + "." + name + ".weight";
      tensors.add(tensor + ".lora_a", shape.d_model, kRank);
      tensors.add(tensor + ".lora_b", kRank, shape.d_model);
    }
  }
  tensors.write(path);
}

}  // namespace engine::testing
