#include "engine/golden/model_runner.h"

#include <algorithm>

#include "base/check.h"
#include "engine/model/pooling.h"
#include "engine/model/registry.h"

namespace engine::golden {

Result<std::unique_ptr<ModelRunner>> ModelRunner::open(const std::string& path, int context_tokens,
                                                       std::size_t threads, KvType kv_type) {
  auto file = gguf::File::open(path);
  if (!file) return fail(file.error());
  auto runner = std::unique_ptr<ModelRunner>(new ModelRunner(std::move(*file), threads));
  auto model = load_model(runner->file_, context_tokens, runner->pool_);
  if (!model) return fail(model.error());
  runner->model_ = std::move(*model);

  KvLayout layout(kv_type, runner->model_->kv_layers());
  std::vector<std::size_t> pages;
  const auto longest = static_cast<std::size_t>(context_tokens);
  for (std::size_t group = 0; group < layout.group_count(); ++group) {
    pages.push_back(layout.pages_for(group, longest, longest) + 1);
  }
  auto cache = KvCache::create({.layout = std::move(layout), .page_counts = pages});
  if (!cache) return fail(cache.error());
  runner->cache_ = std::make_unique<KvCache>(std::move(*cache));
  runner->states_ = std::make_unique<StatePool>(runner->model_->state_floats(), 1);
  runner->restart();
  return runner;
}

void ModelRunner::restart() {
  if (state_slot_ >= 0) {
    cache_->end(sequence_, {});
    states_->release(state_slot_);
  }
  tokens_.clear();
  sequence_ = cache_->begin("", {}, /*reuse=*/false);
  state_slot_ = *states_->allocate();
}

void ModelRunner::add_rows(std::span<const TokenId> part) {
  CHECK(cache_->reserve(sequence_, static_cast<int>(part.size())));
  batch_.clear();
  batch_.add(part, {.position = sequence_.length, .kv = &sequence_, .state_slot = state_slot_});
  for (std::size_t i = 0; i < part.size(); ++i) batch_.output_rows.push_back(static_cast<int>(i));
  tokens_.insert(tokens_.end(), part.begin(), part.end());
}

std::vector<std::vector<float>> ModelRunner::run(bool logits) {
  const auto out = logits ? model_->logits(batch_, *cache_, *states_)
                          : model_->hidden(batch_, *cache_, *states_);
  cache_->advance(sequence_, tokens_, static_cast<int>(tokens_.size()));
  std::vector<std::vector<float>> rows;
  for (std::size_t i = 0; i < out.rows(); ++i) {
    rows.emplace_back(out.row(i).begin(), out.row(i).end());
  }
  return rows;
}

std::vector<std::vector<float>> ModelRunner::feed(std::span<const TokenId> tokens, int piece) {
  std::vector<std::vector<float>> all;
  const auto size = piece > 0 ? static_cast<std::size_t>(piece) : tokens.size();
  for (std::size_t begin = 0; begin < tokens.size(); begin += size) {
    add_rows(tokens.subspan(begin, std::min(size, tokens.size() - begin)));
    std::ranges::move(run(/*logits=*/true), std::back_inserter(all));
  }
  return all;
}

std::vector<std::vector<float>> ModelRunner::hidden(std::span<const TokenId> tokens) {
  restart();
  add_rows(tokens);
  return run(/*logits=*/false);
}

std::vector<std::vector<float>> pool_states(Model& model, Pooling pooling,
                                            const std::vector<std::vector<float>>& hidden) {
  if (pooling == Pooling::None) return hidden;
  Pooler pooler(pooling_of(model.info(), pooling), model.info().d_model);
  for (const auto& state : hidden) pooler.add(state);
  const auto pooled = pooler.result();
  if (pooling == Pooling::Rank) return {model.scores(pooled)};
  return {model.project(pooled)};
}

}  // namespace engine::golden
