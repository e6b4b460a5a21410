// The same request gives the same tokens with the same log probabilities, bit for bit: alone or
// among 16 others, on one or two threads, its prompt cached or not, in several architectures and
// formats.
#include <gtest/gtest.h>

#include "compute/quant/quantize_model.h"
#include "engine/engine.h"
#include "base/golden_testing.h"
#include "engine/testing/said.h"
#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

using testing::collect;
using testing::kVocabulary;
using testing::Said;

GenerateRequest request(int length, int seed, int tokens_max) {
  GenerateRequest request;
  for (int i = 0; i < length; ++i) {
    request.prompt.push_back(static_cast<TokenId>((i * i + seed * 31 + i / 7) % kVocabulary));
  }
  request.sampling.seed = static_cast<std::uint64_t>(seed);
  request.tokens_max = tokens_max;
  request.top_logprobs = 0;
  return request;
}

void expect_the_same_everywhere(const std::string& path) {
  const auto asked = request(70, 5, 20);
  EngineOptions options = {.model_path = path, .threads = 1, .context_tokens = 256};
  options.speculation = Speculation::Off;
  const auto alone = collect(Engine::load(options).value()->submit(asked).value());
  ASSERT_EQ(alone.tokens.size(), 20u);
  options.speculation = Speculation::Always;
  options.rows_per_step_max = 48;  // prompts are cut
  for (const std::size_t threads : {1, 2}) {
    options.threads = threads;
    const auto engine = Engine::load(options).value();
    std::vector<RequestHandle> others;
    for (int i = 0; i < 8; ++i)
      others.push_back(engine->submit(request(9 + 5 * i, 40 + i, 12)).value());
    const auto among = engine->submit(asked).value();
    for (int i = 0; i < 8; ++i)
      others.push_back(engine->submit(request(60 - i, 60 + i, 12)).value());
    EXPECT_EQ(collect(among), alone) << "among 16 others, " << threads << " threads";
    for (const auto& other : others) collect(other);
    EXPECT_EQ(collect(engine->submit(asked).value()), alone) << "cached, " << threads << " threads";
  }
}

class DeterminismOfFormats : public ::testing::TestWithParam<compute::quant::Mix> {};

TEST_P(DeterminismOfFormats, TheSameAloneAndAmongOthers) {
  const testing::TemporaryFolder folder;
  const auto plain = folder.path("f32.gguf"), path = folder.path("model.gguf");
  testing::write_tiny_model(plain, 3, {.n_vocab = kVocabulary, .d_model = 256, .d_ff = 256});
  compute::Pool pool(1);
  const auto model = gguf::File::open(plain).value();
  ASSERT_TRUE(compute::quant::quantize_model(model, GetParam(), path, pool, {}));
  expect_the_same_everywhere(path);
}

using compute::quant::Mix;
INSTANTIATE_TEST_SUITE_P(Mixes, DeterminismOfFormats,
                         ::testing::Values(Mix::F16, Mix::BF16, Mix::Q8_0, Mix::Q4_0, Mix::Q4_K_M,
                                           Mix::Q5_K_M, Mix::Q6_K),
                         [](const auto& info) { return std::string(name(info.param)); });

class DeterminismOfArchitectures : public ::testing::TestWithParam<const char*> {};

TEST_P(DeterminismOfArchitectures, TheSameAloneAndAmongOthers) {
  const auto folder = base::testing::golden_folder();
  if (!folder) GTEST_SKIP() << "no reference results here";
  expect_the_same_everywhere(
      (*folder / "architectures" / (std::string(GetParam()) + ".gguf")).string());
}

INSTANTIATE_TEST_SUITE_P(Stored, DeterminismOfArchitectures,
                         ::testing::Values("llama-untied", "mixtral", "gemma3", "gemma4", "qwen35",
                                           "deepseek2", "gpt-oss-mxfp4", "lfm2", "mamba", "cohere2",
                                           "gpt2", "olmo3-swa"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace engine
