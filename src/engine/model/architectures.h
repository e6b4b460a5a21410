// The architectures, one function each: metadata in, description out. Errors stay in the Hparams.
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/spec.h"

namespace engine {

ModelSpec describe_llama(Hparams& hparams);
ModelSpec describe_mistral3(Hparams& hparams);
ModelSpec describe_smollm3(Hparams& hparams);
ModelSpec describe_qwen2(Hparams& hparams);
ModelSpec describe_qwen2moe(Hparams& hparams);
ModelSpec describe_qwen3(Hparams& hparams);
ModelSpec describe_qwen3moe(Hparams& hparams);
ModelSpec describe_qwen35(Hparams& hparams);
ModelSpec describe_gemma2(Hparams& hparams);
ModelSpec describe_gemma3(Hparams& hparams);
ModelSpec describe_gemma_embedding(Hparams& hparams);
ModelSpec describe_gemma4(Hparams& hparams);
ModelSpec describe_phi3(Hparams& hparams);
ModelSpec describe_gpt_oss(Hparams& hparams);
ModelSpec describe_granite(Hparams& hparams);
ModelSpec describe_granitemoe(Hparams& hparams);
ModelSpec describe_olmo2(Hparams& hparams);
ModelSpec describe_starcoder2(Hparams& hparams);
ModelSpec describe_gpt2(Hparams& hparams);
ModelSpec describe_command_r(Hparams& hparams);
ModelSpec describe_cohere2(Hparams& hparams);
ModelSpec describe_glm4(Hparams& hparams);
ModelSpec describe_deepseek2(Hparams& hparams);
ModelSpec describe_lfm2(Hparams& hparams);
ModelSpec describe_lfm2moe(Hparams& hparams);
ModelSpec describe_mamba(Hparams& hparams);
ModelSpec describe_bert(Hparams& hparams);
ModelSpec describe_jina_bert_v2(Hparams& hparams);
ModelSpec describe_nomic_bert(Hparams& hparams);
ModelSpec describe_modern_bert(Hparams& hparams);
ModelSpec describe_static_embedding(Hparams& hparams);

}  // namespace engine
