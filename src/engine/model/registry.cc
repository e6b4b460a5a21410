#include "engine/model/registry.h"

#include <fmt/format.h>

#include "engine/model/architectures.h"
#include "engine/model/transformer.h"

namespace engine {
namespace {

struct Entry {
  std::string_view architecture;  // `general.architecture`
  ModelSpec (*describe)(Hparams&);
};

constexpr Entry kArchitectures[] = {
    {"llama", describe_llama},
    {"mistral3", describe_mistral3},
    {"smollm3", describe_smollm3},
    {"qwen2", describe_qwen2},
    {"qwen2moe", describe_qwen2moe},
    {"qwen3", describe_qwen3},
    {"qwen3moe", describe_qwen3moe},
    {"qwen35", describe_qwen35},
    {"gemma2", describe_gemma2},
    {"gemma3", describe_gemma3},
    {"gemma-embedding", describe_gemma_embedding},
    {"gemma4", describe_gemma4},
    {"phi3", describe_phi3},
    {"gpt-oss", describe_gpt_oss},
    {"granite", describe_granite},
    {"granitemoe", describe_granitemoe},
    {"olmo2", describe_olmo2},
    {"starcoder2", describe_starcoder2},
    {"gpt2", describe_gpt2},
    {"command-r", describe_command_r},
    {"cohere2", describe_cohere2},
    {"glm4", describe_glm4},
    {"deepseek2", describe_deepseek2},
    {"lfm2", describe_lfm2},
    {"lfm2moe", describe_lfm2moe},
    {"mamba", describe_mamba},
    {"bert", describe_bert},
    {"jina-bert-v2", describe_jina_bert_v2},
    {"nomic-bert", describe_nomic_bert},
    {"modern-bert", describe_modern_bert},
    {"static-embedding", describe_static_embedding},
};

}  // namespace

Result<ModelSpec> describe_model(const gguf::File& file, int context_tokens) {
  const auto name = file.require<std::string>("general.architecture");
  if (!name) return fail(name.error());
  for (const auto& entry : kArchitectures) {
    if (entry.architecture != *name) continue;
    Hparams hparams(file, *name, context_tokens);
    auto spec = entry.describe(hparams);
    if (auto status = hparams.status(); !status) return fail(status.error());
    return spec;
  }
  return fail(ErrorCode::Unsupported,
              fmt::format("the model architecture '{}' is not supported", *name));
}

Result<std::unique_ptr<Model>> load_model(const gguf::File& file, int context_tokens,
                                          compute::Pool& pool) {
  auto spec = describe_model(file, context_tokens);
  if (!spec) return fail(spec.error());
  return Transformer::load(std::move(*spec), file, pool);
}

std::vector<std::string_view> known_architectures() {
  std::vector<std::string_view> names;
  for (const auto& entry : kArchitectures) names.push_back(entry.architecture);
  return names;
}

}  // namespace engine
