// Runs one sequence at a time through a model, with an f32 cache, for comparisons.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "compute/threads.h"
#include "engine/model/model.h"

namespace engine::golden {

class ModelRunner {
 public:
  // `context_tokens`: the longest sequence, which longrope's choice of factors depends on.
  static Result<std::unique_ptr<ModelRunner>> open(const std::string& path, int context_tokens,
                                                   std::size_t threads = 1,
                                                   KvType kv_type = KvType::F32);

  // Starts a new sequence.
  void restart();
  // Feeds tokens in pieces of at most `piece` (0: all at once); logits of every token.
  std::vector<std::vector<float>> feed(std::span<const TokenId> tokens, int piece = 0);
  // Hidden states of all tokens of a sequence of its own.
  std::vector<std::vector<float>> hidden(std::span<const TokenId> tokens);

  Model& model() { return *model_; }

 private:
  ModelRunner(gguf::File file, std::size_t threads) : file_(std::move(file)), pool_(threads) {}
  void add_rows(std::span<const TokenId> part);
  std::vector<std::vector<float>> run(bool logits);

  gguf::File file_;
  compute::Pool pool_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<StatePool> states_;
  KvSequence sequence_;
  std::vector<TokenId> tokens_;
  int state_slot_ = -1;
  Batch batch_;
};

// `hidden` states of one text as the vector(s) that `pooling` makes of them.
std::vector<std::vector<float>> pool_states(Model& model, Pooling pooling,
                                            const std::vector<std::vector<float>>& hidden);

}  // namespace engine::golden
