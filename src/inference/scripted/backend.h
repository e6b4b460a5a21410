// A Backend that plays a script: for tests, and for measuring everything around a model with an
// instant one. Chosen only by configuration. Counts one token per word read and per piece said.
#pragma once

#include "base/ids.h"
#include "inference/backend.h"
#include "inference/scripted/script.h"

namespace inference::scripted {

class ScriptedBackend final : public Backend {
 public:
  ScriptedBackend(Script script, base::IdGenerator& ids, std::int64_t created);

  std::vector<ModelInfo> models() const override;
  bool has(const std::string& model) const override;
  base::awaitable<Result<std::unique_ptr<EventStream>>> generate(GenerateRequest request) override;
  base::awaitable<Result<Embeddings>> embed(EmbedRequest request) override;
  base::awaitable<Result<std::int64_t>> count_tokens(GenerateRequest request) override;

 private:
  const Model* find(const std::string& id) const;

  Script script_;
  base::IdGenerator& ids_;
  std::int64_t created_;
};

}  // namespace inference::scripted
