// What the optional keys of a file do to a model's description.
#include "engine/model/architectures.h"

#include <gtest/gtest.h>

#include <functional>

#include "compute/gguf/writer.h"
#include "engine/model/common.h"
#include "engine/model/registry.h"
#include "engine/model/transformer.h"
#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

using compute::DType;

// A file with the usual constants of an architecture: 4 layers of 64, 4 heads over 2.
class Header {
 public:
  explicit Header(const std::string& architecture) : prefix_(architecture + ".") {
    layout_.set("general.architecture", architecture);
    set("context_length", std::uint32_t{1'024});
    set("embedding_length", std::uint32_t{64});
    set("block_count", std::uint32_t{4});
    set("feed_forward_length", std::uint32_t{96});
    set("attention.head_count", std::uint32_t{4});
    set("attention.head_count_kv", std::uint32_t{2});
    set("attention.layer_norm_rms_epsilon", 1e-5f);
    set("attention.layer_norm_epsilon", 1e-5f);
    tensor("token_embd.weight", {64, 32});
  }
  template <class T>
  Header& set(const std::string& key, T value) {
    layout_.set(prefix_ + key, value);
    return *this;
  }
  Header& tensor(const std::string& name, std::vector<std::int64_t> shape) {
    std::size_t n = 1;
    for (const auto extent : shape) n *= static_cast<std::size_t>(extent);
    layout_.add_tensor(name, DType::F32, shape);
    values_.emplace_back(n * sizeof(float));
    return *this;
  }
  Result<ModelSpec> describe(int context = 0) {
    std::vector<std::span<const std::byte>> tensors(values_.begin(), values_.end());
    bytes_ = gguf::to_bytes(layout_, tensors);
    const auto file = gguf::File::parse(std::as_bytes(std::span(bytes_)));
    if (!file) return fail(file.error());
    return describe_model(*file, context);
  }

 private:
  std::string prefix_;
  gguf::Layout layout_;
  std::vector<std::vector<std::byte>> values_;
  std::string bytes_;
};

TEST(Architectures, HeadsHaveTheWidthTheFileSays) {
  const auto spec = Header("llama")
                        .set("attention.key_length", std::uint32_t{24})
                        .set("attention.value_length", std::uint32_t{20})
                        .set("rope.dimension_count", std::uint32_t{12})
                        .set("attention.scale", 0.25f)
                        .describe()
                        .value();
  EXPECT_EQ(attention(spec.layers[3]).d_key, 24);
  EXPECT_EQ(attention(spec.layers[3]).d_value, 20);
  EXPECT_EQ(attention(spec.layers[3]).scale, 0.25f);
  EXPECT_EQ(spec.ropes[0].n_rotated, 12u);
}

TEST(Architectures, RopeIsScaledAsTheFileSays) {
  EXPECT_EQ(Header("llama").set("rope.scale_linear", 4.0f).describe()->ropes[0].frequency_scale,
            0.25f);
  EXPECT_EQ(Header("llama")
                .set("rope.scaling.type", "none")
                .set("rope.scaling.factor", 4.0f)
                .describe()
                ->ropes[0]
                .frequency_scale,
            1.0f);
  auto yarn = Header("llama");
  yarn.set("rope.scaling.type", "yarn")
      .set("rope.scaling.factor", 8.0f)
      .set("rope.scaling.original_context_length", std::uint32_t{128})
      .set("rope.scaling.yarn_beta_fast", 16.0f);
  EXPECT_EQ(yarn.describe()->ropes[0].original_context, 128u);
  EXPECT_EQ(yarn.describe()->ropes[0].beta_fast, 16.0f);
  EXPECT_EQ(yarn.describe()->ropes[0].extension_factor, 1.0f);
  const auto unknown = Header("llama").set("rope.scaling.type", "ntk").describe();
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("rope.scaling.type"), std::string::npos);
}

TEST(Architectures, TheContextChoosesLongropesFactors) {
  for (const char* name : {"phi3", "llama"}) {
    auto header = Header(name);
    header.tensor("rope_factors_long.weight", {8}).tensor("rope_factors_short.weight", {8});
    header.set("rope.scaling.original_context_length", std::uint32_t{256});
    EXPECT_EQ(header.describe(256)->rope_divisors[0], "rope_factors_short");
    EXPECT_EQ(header.describe(257)->rope_divisors[0], "rope_factors_long");
    EXPECT_EQ(header.describe()->rope_divisors[0], "rope_factors_long");
  }
}

TEST(Architectures, DecodersMayBeTrainedToSeeBothSides) {
  const auto spec = Header("qwen2").set("attention.causal", false).describe().value();
  EXPECT_FALSE(spec.causal);
  EXPECT_FALSE(spec.info.generates);
  EXPECT_TRUE(Header("qwen2").describe()->causal);
}

TEST(Architectures, GemmaTwoHasItsDefaults) {
  const auto plain = Header("gemma2").describe().value();
  EXPECT_EQ(plain.logit_softcap, 30);
  EXPECT_EQ(attention(plain.layers[0]).softcap, 50);
  EXPECT_EQ(attention(plain.layers[0]).window, 4'096);
  EXPECT_EQ(attention(plain.layers[1]).window, 0);
  const auto own = Header("gemma2")
                       .set("final_logit_softcapping", 20.0f)
                       .set("attn_logit_softcapping", 10.0f)
                       .set("attention.sliding_window", std::uint32_t{128})
                       .describe()
                       .value();
  EXPECT_EQ(own.logit_softcap, 20);
  EXPECT_EQ(attention(own.layers[0]).softcap, 10);
  EXPECT_EQ(attention(own.layers[2]).window, 128);
  EXPECT_EQ(Header("gemma3").describe()->logit_softcap, 0);
  const auto gemma4 = Header("gemma4").set("attention.sliding_window", std::uint32_t{64});
  EXPECT_EQ(Header(gemma4).describe()->logit_softcap, 30);
}

TEST(Architectures, WindowedLayersMayRotateByABaseOfTheirOwn) {
  for (const char* name : {"gemma2", "gemma3", "gpt-oss"}) {
    auto header = Header(name);
    header.set("attention.sliding_window", std::uint32_t{64})
        .set("rope.freq_base", 5'000.0f)
        .set("expert_count", std::uint32_t{4})
        .set("expert_used_count", std::uint32_t{2});
    const auto base_of = [&](std::size_t layer) {
      const auto spec = header.describe().value();
      return spec.ropes[static_cast<std::size_t>(attention(spec.layers[layer]).rope)].base;
    };
    EXPECT_EQ(base_of(0), name == std::string("gemma3") ? 10'000 : 5'000) << name;
    header.set("rope.freq_base_swa", 2'000.0f)
        .set("attention.sliding_window_pattern", std::uint32_t{2});
    EXPECT_EQ(base_of(0), 2'000) << name;
    EXPECT_EQ(base_of(1), 5'000) << name;
  }
  auto plain = Header("modern-bert");  // without a window nothing is windowed
  for (const auto& layer : plain.describe()->layers) EXPECT_EQ(attention(layer).rope, 0);
  EXPECT_EQ(plain.describe()->ropes[0].base, 10'000);
}

TEST(Architectures, QueriesGrowByTheLengthTheFileNames) {
  auto ministral = Header("mistral3");
  ministral.set("attention.temperature_scale", 0.1f);
  EXPECT_EQ(attention(ministral.describe()->layers[0]).growth.floor, 1'024);
  ministral.set("rope.scaling.original_context_length", std::uint32_t{256});
  EXPECT_EQ(attention(ministral.describe()->layers[0]).growth.floor, 256);
}

TEST(Architectures, PairsOfAHeadHaveAPosition) {
  const std::int32_t whole[] = {3, 3, 2, 0}, holes[] = {8, 0, 0, 0};
  const auto glm = [](std::span<const std::int32_t> sections) {
    return Header("glm4").set("rope.dimension_sections", sections).describe();
  };
  EXPECT_EQ(glm(whole)->ropes[0].pairing, compute::RopePairing::Halves);
  EXPECT_EQ(Header("glm4").describe()->ropes[0].pairing, compute::RopePairing::Adjacent);
  auto qwen = Header("qwen35");
  for (const char* key : {"ssm.conv_kernel", "ssm.state_size", "ssm.group_count"}) {
    qwen.set(key, std::uint32_t{2});
  }
  qwen.set("ssm.time_step_rank", std::uint32_t{4}).set("ssm.inner_size", std::uint32_t{8});
  EXPECT_TRUE(qwen.set("rope.dimension_sections", std::span(whole)).describe());
  const auto refused = qwen.set("rope.dimension_sections", std::span(holes)).describe();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("dimension_sections"), std::string::npos);
}

TEST(Architectures, DraftLayersAreNoPartOfTheModel) {
  auto header = Header("qwen3");
  header.set("nextn_predict_layers", std::uint32_t{1});
  EXPECT_EQ(header.describe()->info.n_layers, 3);
  EXPECT_EQ(header.describe()->n_draft_layers, 1);
  const std::uint32_t widths[] = {96, 80, 96, 7};  // the draft's too
  header.set("feed_forward_length", std::span(widths));
  EXPECT_EQ(dense(header.describe()->layers[1]).d_ff, 80);
  EXPECT_FALSE(header.set("nextn_predict_layers", std::uint32_t{4}).describe());
}

TEST(Architectures, WindowPatternsAreAPeriodOrAList) {
  auto period = Header("gemma3");
  period.set("attention.sliding_window", std::uint32_t{64})
      .set("attention.sliding_window_pattern", std::uint32_t{2});
  EXPECT_EQ(attention(period.describe()->layers[1]).window, 0);
  EXPECT_EQ(attention(period.describe()->layers[2]).window, 64);
  const bool flags[] = {false, true, true, false};
  auto listed = Header("gemma3");
  listed.set("attention.sliding_window", std::uint32_t{64})
      .set("attention.sliding_window_pattern", std::span<const bool>(flags));
  EXPECT_EQ(attention(listed.describe()->layers[0]).window, 0);
  EXPECT_EQ(attention(listed.describe()->layers[2]).window, 64);
}

TEST(Architectures, GraniteMayHaveNoPositions) {
  EXPECT_EQ(attention(Header("granite").describe()->layers[0]).rope, 0);
  const auto spec = Header("granite").set("rope.scaling.finetuned", false).describe().value();
  for (const auto& layer : spec.layers) EXPECT_EQ(attention(layer).rope, -1);
}

TEST(Architectures, ExpertsHaveTheWidthOfTheirMatrices) {
  auto header = Header("qwen2moe");
  header.set("expert_count", std::uint32_t{4}).set("expert_used_count", std::uint32_t{2});
  header.tensor("blk.0.ffn_up_exps.weight", {64, 40, 4});
  header.tensor("blk.0.ffn_up_shexp.weight", {64, 72});
  const auto spec = header.describe().value();
  const auto& experts = std::get<ExpertsSpec>(spec.layers[0].feed_forward);
  EXPECT_EQ(experts.d_ff, 40);
  EXPECT_EQ(experts.d_shared, 72);
  const auto written = header.set("expert_feed_forward_length", std::uint32_t{48}).describe();
  EXPECT_EQ(std::get<ExpertsSpec>(written->layers[0].feed_forward).d_ff, 48);
}

TEST(Architectures, GemmaFourMayHaveExpertsBesideADenseBlock) {
  auto header = Header("gemma4");
  header.set("attention.sliding_window", std::uint32_t{64})
      .set("expert_count", std::uint32_t{4})
      .set("expert_used_count", std::uint32_t{2})
      .set("expert_feed_forward_length", std::uint32_t{24})
      .tensor("blk.1.ffn_gate_inp.weight", {64, 4});
  const auto spec = header.describe().value();
  EXPECT_EQ(std::get<DenseSpec>(spec.layers[0].feed_forward).d_ff, 96);
  EXPECT_EQ(spec.layers[0].feed_forward_norm, "ffn_norm");
  const auto& both = std::get<DenseAndExpertsSpec>(spec.layers[1].feed_forward);
  EXPECT_EQ(both.dense.d_ff, 96);
  EXPECT_EQ(both.experts.d_ff, 24);
  EXPECT_TRUE(both.experts.normalise);
  EXPECT_EQ(spec.layers[1].feed_forward_norm, "");  // both take norms of their own
}

TEST(Architectures, LfmLayersMayBeWindowed) {
  const std::int32_t kv_heads[] = {0, 2, 0, 2};
  auto header = Header("lfm2");
  header.set("attention.head_count_kv", std::span(kv_heads))
      .set("shortconv.l_cache", std::uint32_t{3})
      .set("attention.sliding_window", std::uint32_t{16});
  EXPECT_EQ(attention(header.describe()->layers[1]).window, 16);
}

TEST(Architectures, RerankersPoolAsTheirFamilyDoes) {
  EXPECT_EQ(Header("qwen3").describe()->info.rank_pooling, Pooling::Last);
  EXPECT_TRUE(Header("qwen3").describe()->rank.softmax);
  EXPECT_EQ(Header("modern-bert").describe()->info.rank_pooling, Pooling::Mean);
  EXPECT_EQ(Header("bert").describe()->info.rank_pooling, Pooling::Cls);
}

TEST(Architectures, WhatWouldChangeTheResultUnseenIsRefusedByName) {
  for (const char* key : {"attention.clamp_kqv", "attention.max_alibi_bias"}) {
    const auto refused = Header("llama").set(key, 8.0f).describe();
    ASSERT_FALSE(refused) << key;
    EXPECT_NE(refused.error().message.find(key), std::string::npos);
    EXPECT_TRUE(Header("llama").set(key, 0.0f).describe()) << key;
  }
  const auto unknown = Header("brand-new").describe();
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("brand-new"), std::string::npos);
}

TEST(Architectures, ATensorThatNothingUsesIsRefusedByName) {
  const testing::TemporaryFolder folder;
  testing::write_tiny_model(folder.path("model.gguf"), 1, {.extra_tensor = "blk.1.attn_q_norm"});
  const auto file = gguf::File::open(folder.path("model.gguf")).value();
  compute::Pool pool(1);
  const auto refused = load_model(file, 64, pool);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_NE(refused.error().message.find("blk.1.attn_q_norm.weight"), std::string::npos);
}

}  // namespace
}  // namespace engine
