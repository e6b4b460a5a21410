#include "compute/quant/quantize_model.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/random.h"
#include "compute/gguf/writer.h"

namespace compute::quant {
namespace {

using std::string;

// A model of 8 layers in f32: attention of 256 columns, a feed-forward whose rows are 96 long.
string model_bytes(bool with_output) {
  gguf::Layout layout;
  layout.set("general.architecture", "llama");
  layout.set("llama.block_count", std::uint32_t{8});
  std::vector<std::vector<float>> values;
  base::SeededRandom random(3);
  const auto add = [&](const string& name, std::vector<std::int64_t> shape) {
    layout.add_tensor(name, DType::F32, shape);
    std::size_t n = 1;
    for (const auto extent : shape) n *= static_cast<std::size_t>(extent);
    std::vector<float> tensor(n);
    for (auto& value : tensor) value = static_cast<float>(random.unit() - 0.5);
    values.push_back(std::move(tensor));
  };
  add("token_embd.weight", {256, 40});
  if (with_output) add("output.weight", {256, 40});
  for (int i = 0; i < 8; ++i) {
    const string layer = "blk." + std::to_string(i) + ".";
    add(layer + "attn_norm.weight", {256});
    add(layer + "attn_q.weight", {256, 32});
    add(layer + "attn_v.weight", {256, 16});
    add(layer + "ffn_down.weight", {96, 32});
  }
  std::vector<std::span<const std::byte>> spans;
  for (const auto& tensor : values) spans.push_back(std::as_bytes(std::span(tensor)));
  return gguf::to_bytes(layout, spans);
}

class QuantizeModel : public ::testing::Test {
 protected:
  ~QuantizeModel() override { std::filesystem::remove(path_); }

  // The tensors of the written file by name; their errors beside them.
  std::map<string, DType> quantised(bool with_output, Mix mix) {
    const auto bytes = model_bytes(with_output);
    const auto model = gguf::File::parse(std::as_bytes(std::span(bytes)));
    EXPECT_TRUE(model);
    Pool pool(2);
    errors_.clear();
    const auto status =
        quantize_model(*model, mix, path_, pool, [&](const QuantizedTensor& tensor) {
          errors_[string(tensor.name)] = tensor.relative_error;
        });
    EXPECT_TRUE(status);
    const auto written = gguf::File::open(path_);
    EXPECT_TRUE(written);
    std::map<string, DType> types;
    for (const auto& tensor : written->tensors()) types[string(tensor.name)] = tensor.dtype;
    EXPECT_EQ(*written->require<std::uint32_t>("general.file_type"), file_type(mix));
    EXPECT_EQ(*written->require<string>("general.architecture"), "llama");
    EXPECT_EQ(types.size(), model->tensors().size());
    return types;
  }

  string path_ = (std::filesystem::temp_directory_path() /
                  ("quantize_model_test." + std::to_string(getpid()) + ".gguf"))
                     .string();
  std::map<string, double> errors_;
};

TEST_F(QuantizeModel, GivesImportantTensorsMoreBits) {
  auto types = quantised(true, Mix::Q4_K_M);
  EXPECT_EQ(types["token_embd.weight"], DType::Q4_K);
  EXPECT_EQ(types["output.weight"], DType::Q6_K);
  EXPECT_EQ(types["blk.2.attn_q.weight"], DType::Q4_K);
  EXPECT_EQ(types["blk.0.attn_v.weight"], DType::Q6_K);  // the first eighth
  EXPECT_EQ(types["blk.1.attn_v.weight"], DType::Q4_K);
  EXPECT_EQ(types["blk.3.attn_v.weight"], DType::Q6_K);  // every third
  EXPECT_EQ(types["blk.7.attn_v.weight"], DType::Q6_K);  // the last eighth
  EXPECT_EQ(types["blk.0.attn_norm.weight"], DType::F32);
  EXPECT_EQ(types["blk.0.ffn_down.weight"], DType::Q8_0);  // 256 does not divide 96
  EXPECT_EQ(types["blk.1.ffn_down.weight"], DType::Q5_0);
  EXPECT_EQ(errors_["blk.0.attn_norm.weight"], 0);
  EXPECT_NEAR(errors_["blk.1.attn_v.weight"], 0.06, 0.03);
}

TEST_F(QuantizeModel, TreatsATiedEmbeddingAsTheOutput) {
  EXPECT_EQ(quantised(false, Mix::Q5_K_M)["token_embd.weight"], DType::Q6_K);
  EXPECT_EQ(quantised(false, Mix::Q4_0)["token_embd.weight"], DType::Q6_K);
  EXPECT_EQ(quantised(false, Mix::Q8_0)["token_embd.weight"], DType::Q8_0);
}

TEST_F(QuantizeModel, WritesOneTypeForSimpleMixes) {
  for (const auto& [mix, dtype] : {std::pair{Mix::F16, DType::F16}, {Mix::Q8_0, DType::Q8_0}}) {
    for (const auto& [name, type] : quantised(true, mix)) {
      EXPECT_EQ(type, name.ends_with("norm.weight") ? DType::F32 : dtype) << name;
    }
  }
}

TEST(Mix, HasNames) {
  EXPECT_EQ(mix_from_name("q4_k_m"), Mix::Q4_K_M);
  EXPECT_EQ(mix_from_name("Q8_0"), Mix::Q8_0);
  EXPECT_EQ(mix_from_name("Q9"), std::nullopt);
  EXPECT_EQ(name(Mix::Q5_K_M), "Q5_K_M");
}

}  // namespace
}  // namespace compute::quant
