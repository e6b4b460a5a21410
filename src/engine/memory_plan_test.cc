#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include "compute/gguf/file.h"
#include "compute/quant/quantize_model.h"
#include "engine/engine.h"
#include "engine/model/registry.h"
#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

class MemoryPlanTest : public ::testing::Test {
 protected:
  MemoryPlanTest() {
    testing::write_tiny_model(folder_.path("model.gguf"), 1, {.n_layers = 4, .context = 4'096});
  }
  EngineOptions options() const {
    return {.model_path = folder_.path("model.gguf"),
            .memory_bytes_free = std::size_t{1} << 30,
            .sequences_max = 4,
            .rows_per_step_max = 64};
  }
  testing::TemporaryFolder folder_;
};

TEST_F(MemoryPlanTest, FitsExactlyAndNotWithOneByteLess) {
  auto asked = options();
  asked.context_tokens = 4'096;
  const auto roomy = Engine::plan_memory(asked).value();
  EXPECT_EQ(roomy.context_tokens, 4'096);
  // One context's pages: f16, 4 layers, 2 heads, keys and values of 8.
  const std::size_t context = 4'096 * 4 * 2 * 2 * 8 * 2;
  const auto least = roomy.weights + roomy.work + context;
  asked.memory_bytes_free = least;
  ASSERT_TRUE(Engine::plan_memory(asked));
  EXPECT_EQ(Engine::plan_memory(asked)->context_tokens, 4'096);
  asked.memory_bytes_free = least - 1;
  const auto refused = Engine::plan_memory(asked);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ResourceExhausted);
  EXPECT_NE(refused.error().message.find("4096 tokens"), std::string::npos);
  EXPECT_FALSE(Engine::load(asked));
}

TEST_F(MemoryPlanTest, TheContextIsWhatFitsInWholePages) {
  auto asked = options();
  const auto roomy = Engine::plan_memory(asked).value();
  EXPECT_EQ(roomy.context_wanted, 4'096);
  const std::size_t page = 64 * 4 * 2 * 2 * 8 * 2;
  asked.memory_bytes_free = roomy.weights + roomy.work + 10 * page + page / 2;
  EXPECT_EQ(Engine::plan_memory(asked)->context_tokens, 640);
  EXPECT_EQ(Engine::plan_memory(asked)->context_wanted, 4'096);
  asked.memory_bytes_free = roomy.weights + roomy.work + 4 * page;  // the least that is served
  EXPECT_EQ(Engine::plan_memory(asked)->context_tokens, 256);
  asked.memory_bytes_free -= 1;
  EXPECT_FALSE(Engine::plan_memory(asked));
}

TEST_F(MemoryPlanTest, TheSmallerOfLimitAndFreeMemoryCounts) {
  auto asked = options();
  asked.memory_bytes_max = 1 << 17;
  EXPECT_EQ(Engine::plan_memory(asked).error().code, ErrorCode::ResourceExhausted);
  asked.memory_bytes_max = std::size_t{1} << 40;
  EXPECT_EQ(Engine::plan_memory(asked)->available, std::size_t{1} << 30);
}

TEST_F(MemoryPlanTest, EightBitsOfCacheTakeHalf) {
  auto asked = options();
  const auto half = Engine::plan_memory(asked)->cache;
  asked.kv_type = KvType::Q8;
  // Heads of 8: a scale of 4 bytes beside 8 elements of one byte, against 16 bytes.
  EXPECT_EQ(Engine::plan_memory(asked)->cache * 4, half * 3);
}

TEST_F(MemoryPlanTest, TheCacheRoundsNoMoreThanTheWeightsDo) {
  const auto type_for = [&](const std::string& path, const auto& change) {
    const auto file = gguf::File::open(path);
    auto spec = describe_model(*file, 512);
    change(*spec);
    return plan_cache(*spec, *file, options())->layout.type();
  };
  const auto unchanged = [](ModelSpec&) {};
  const std::string exact = folder_.path("model.gguf"), rounded = folder_.path("rounded.gguf");
  const auto file = gguf::File::open(exact);
  compute::Pool pool(1);
  ASSERT_TRUE(compute::quant::quantize_model(*file, compute::quant::Mix::Q8_0, rounded, pool,
                                             [](const auto&) {}));
  EXPECT_EQ(type_for(exact, unchanged), KvType::F16);
  EXPECT_EQ(type_for(rounded, unchanged), KvType::BF16);
  EXPECT_EQ(type_for(rounded, [](ModelSpec& spec) { spec.layers[0].mixer = MlaSpec{}; }),
            KvType::F16);
}

TEST_F(MemoryPlanTest, LatentVectorsAreKeptOnce) {
  // DeepSeek V3's: 512 for keys and values, 64 more for the keys.
  const KvLayout layout(KvType::F16,
                        {{.n_heads = 1, .d_key = 576, .d_value = 512, .d_shared = 512}});
  EXPECT_EQ(layout.page_bytes(0), 64u * 576 * 2);
}

TEST_F(MemoryPlanTest, WindowedLayersNeedTheirWindowOnly) {
  const KvLayout layout(KvType::F16, {{.n_heads = 2, .d_key = 64, .d_value = 64},
                                      {.n_heads = 2, .d_key = 64, .d_value = 64, .window = 512}});
  ASSERT_EQ(layout.group_count(), 2u);
  EXPECT_EQ(layout.pages_for(0, 32'768, 512), 512u);
  EXPECT_EQ(layout.pages_for(1, 32'768, 512), 18u);  // window and step, both ends inside a page
  EXPECT_EQ(layout.pages_for(1, 128, 512), 2u);
}

}  // namespace
}  // namespace engine
