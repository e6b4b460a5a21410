// A static embedding in the engine: means of rows, whatever the batch and the pieces.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "compute/gguf/writer.h"
#include "engine/engine.h"
#include "engine/testing/tiny_model.h"

namespace engine {
namespace {

constexpr int kWidth = 4, kTokens = 8;

float element(int token, int i) {
  return static_cast<float>((token + 1) * (i == token % kWidth ? 10 : 1));
}

struct FileOptions {
  std::uint32_t blocks = 0;
  std::uint32_t pooling = 1;
  std::uint32_t context = 4'000;
};

std::string write_model(const testing::TemporaryFolder& folder, FileOptions options = {}) {
  gguf::Layout layout;
  layout.set("general.architecture", "static-embedding");
  layout.set("static-embedding.context_length", options.context);
  layout.set("static-embedding.embedding_length", std::uint32_t{kWidth});
  layout.set("static-embedding.block_count", options.blocks);
  layout.set("static-embedding.pooling_type", options.pooling);
  layout.add_tensor("token_embd.weight", compute::DType::F32,
                    std::array<std::int64_t, 2>{kWidth, kTokens});
  std::vector<float> table;
  for (int token = 0; token < kTokens; ++token)
    for (int i = 0; i < kWidth; ++i) table.push_back(element(token, i));
  const auto path = folder.path("static.gguf");
  auto writer = gguf::Writer::create(path, layout);
  EXPECT_TRUE(writer && writer->write(std::as_bytes(std::span(table))) && writer->finish());
  return path;
}

std::vector<float> mean_of(const std::vector<TokenId>& tokens) {
  std::vector<float> mean(kWidth);
  for (const TokenId token : tokens)
    for (int i = 0; i < kWidth; ++i)
      mean[static_cast<std::size_t>(i)] += element(token, i) / static_cast<float>(tokens.size());
  return mean;
}

EngineOptions options_for(const std::string& path) {
  EngineOptions options;
  options.model_path = path;
  options.threads = 1;
  options.rows_per_step_max = 16;  // so that long texts come in pieces
  return options;
}

TEST(StaticEmbedding, IsTheMeanOfTheTokensWhateverElseIsInTheBatch) {
  const testing::TemporaryFolder folder;
  auto engine = Engine::load(options_for(write_model(folder)));
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_FALSE((*engine)->model().generates);
  std::vector<std::vector<TokenId>> texts;
  std::vector<RequestHandle> handles;
  for (int length : {1, 2, 7, 15, 16, 17, 100, 3'999}) {
    auto& text = texts.emplace_back();
    for (int i = 0; i < length; ++i) text.push_back((i * i + length) % kTokens);
    handles.push_back((*engine)->submit(EmbedRequest{.tokens = text}).value());
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<float> vector;
    while (vector.empty()) {
      auto event = handles[i].events->wait();
      ASSERT_FALSE(std::holds_alternative<Failed>(event));
      if (auto* embedded = std::get_if<Embedded>(&event)) vector = embedded->vectors.at(0);
    }
    const auto mean = mean_of(texts[i]);
    ASSERT_EQ(vector.size(), mean.size());
    for (std::size_t k = 0; k < mean.size(); ++k) EXPECT_NEAR(vector[k], mean[k], 1e-2f);
  }
}

TEST(StaticEmbedding, RefusesLayersAndOtherPooling) {
  const testing::TemporaryFolder folder;
  EXPECT_FALSE(Engine::load(options_for(write_model(folder, {.blocks = 1}))));
  EXPECT_FALSE(Engine::load(options_for(write_model(folder, {.pooling = 2}))));
  EXPECT_FALSE(Engine::load(options_for(write_model(folder, {.context = 0}))));
}

TEST(StaticEmbedding, DoesNotGenerate) {
  const testing::TemporaryFolder folder;
  auto engine = Engine::load(options_for(write_model(folder)));
  ASSERT_TRUE(engine);
  EXPECT_FALSE((*engine)->submit(GenerateRequest{.prompt = {1, 2}}));
}

}  // namespace
}  // namespace engine
