#include "train/publish/gguf_export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "compute/gguf/file.h"
#include "compute/quant/half.h"

namespace train {
namespace {

TEST(GgufExport, WritesWhatAReaderOfTheLlamaArchitectureNeeds) {
  Checkpoint checkpoint;
  checkpoint.shape = {.vocab_size = 300,
                      .d_model = 64,
                      .n_layers = 1,
                      .n_heads = 2,
                      .n_kv_heads = 1,
                      .d_head = 32,
                      .d_ff = 96,
                      .context = 128};
  checkpoint.weights = initial_weights(checkpoint.shape, 1);
  checkpoint.average = checkpoint.weights;
  const Vocabulary vocabulary({{kFirstByte + 'h', kFirstByte + 'i'}});
  const auto path = std::filesystem::path(testing::TempDir()) / "gguf_export_test.gguf";
  const auto status = export_gguf(checkpoint, vocabulary, {}, path);
  ASSERT_TRUE(status) << status.error().message;

  const auto file = gguf::File::open(path.string());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(*file->require<std::string>("general.architecture"), "llama");
  EXPECT_EQ(*file->require<std::uint32_t>("llama.attention.head_count_kv"), 1u);
  EXPECT_EQ(*file->require<std::uint32_t>("tokenizer.ggml.eos_token_id"), 2u);
  const auto tokens = file->require<std::vector<std::string>>("tokenizer.ggml.tokens");
  ASSERT_EQ(tokens->size(), 300u);
  EXPECT_EQ((*tokens)[kFirstMerge], "hi");
  EXPECT_EQ(*file->require<std::vector<std::string>>("tokenizer.ggml.merges"),
            std::vector<std::string>{"h i"});
  EXPECT_EQ(file->find_tensor("output.weight"), nullptr);  // tied

  const Layout layout(checkpoint.shape);
  EXPECT_EQ(file->tensors().size(), layout.weights.size());
  const auto* embedding = file->find_tensor("token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  // Each number lies within half a step of a 127th of its block's largest, and f16's rounding.
  const std::byte* block = embedding->bytes.data();
  for (int i = 0; i < 64 * 300; i += 32, block += 34) {
    std::uint16_t half;
    std::memcpy(&half, block, sizeof(half));
    const float scale = compute::f32_from_f16(half);
    for (int k = 0; k < 32; ++k) {
      const float value = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + k]));
      ASSERT_NEAR(value, checkpoint.weights[std::size_t(i + k)], scale * 0.57);
    }
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace train
