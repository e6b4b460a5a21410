// A tiny llama with random weights, written to a file, for tests that need a model and not what it
// says. Not part of serving.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace engine::testing {

struct TinyModelShape {
  int n_vocab = 96;
  int d_model = 32;
  int n_layers = 2;
  int n_heads = 4;
  int n_kv_heads = 2;
  int d_ff = 48;
  int context = 512;
  std::string extra_tensor = {};  // [d_model], which a llama does not have
};

// Files that vanish with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

// f32, without a tokenizer.
void write_tiny_model(const std::string& path, std::uint64_t seed,
                      const TinyModelShape& shape = {});
// A LoRA adapter of rank 2 for the attention of such a model.
void write_tiny_adapter(const std::string& path, std::uint64_t seed,
                        const TinyModelShape& shape = {});

// The model with that adapter's change in its own weights.
void write_merged_tiny_model(const std::string& path, std::uint64_t seed,
                             std::uint64_t adapter_seed, const TinyModelShape& shape = {});

}  // namespace engine::testing
