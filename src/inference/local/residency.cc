#include "inference/local/residency.h"

#include <algorithm>

#include "base/limits/model.h"
#include "base/log.h"

namespace inference::local {

Result<std::shared_ptr<LoadedModel>> Residency::acquire(const ModelSource& source) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto found = std::find_if(models_.begin(), models_.end(),
                                    [&](const auto& model) { return model->id == source.id; });
    if (found != models_.end()) {
      models_.splice(models_.begin(), models_, found);
      return models_.front();
    }
    if (!loading_) break;
    loaded_.wait(lock);
  }

  loading_ = true;
  auto leaving = take_beyond_count();
  lock.unlock();
  leaving.clear();  // outside the lock: joins an engine's thread
  auto model = load(source);
  lock.lock();
  loading_ = false;
  loaded_.notify_all();
  if (model) models_.push_front(*model);
  return model;
}

// Called by the one thread that loads.
Result<std::shared_ptr<LoadedModel>> Residency::load(const ModelSource& source) {
  engine::EngineOptions options = source.engine.value_or(options_);
  options.model_path = source.path;
  while (true) {
    const auto free = free_memory_(), promised = promised_bytes();
    options.memory_bytes_free = std::max<std::size_t>(1, free - std::min(free, promised));
    const auto plan = engine::Engine::plan_memory(options);
    const bool tight =
        plan ? plan->context_tokens < std::min(plan->context_wanted, limits::model_context_ample)
             : plan.error().code == ErrorCode::ResourceExhausted;
    const bool by_its_own_limit =
        options.memory_bytes_max > 0 && options.memory_bytes_max <= options.memory_bytes_free;
    if (!tight || by_its_own_limit) break;
    const auto leaving = take_idle_one();
    if (leaving.empty()) break;
    LOG(Info, "model {}: leaves memory to {}", leaving.front()->id, source.id);
  }
  return load_model(source.id, options);
}

// What resident models may still take of the memory that is free now.
std::size_t Residency::promised_bytes() const {
  std::size_t bytes = 0;
  for (const auto& model : resident()) {
    const auto cache = model->engine->memory().cache;
    bytes += cache - std::min(cache, model->engine->stats().cache_bytes_touched);
  }
  return bytes;
}

Residency::Models Residency::take_beyond_count() {
  Models leaving;
  while (models_.size() >= models_max_) {
    LOG(Info, "model {}: leaves memory, {} models are the most", models_.back()->id, models_max_);
    leaving.splice(leaving.end(), models_, std::prev(models_.end()));
  }
  return leaving;
}

// The least recently used of those that nobody uses: only its memory is free at once.
Residency::Models Residency::take_idle_one() {
  std::scoped_lock lock(mutex_);
  Models leaving;
  for (auto model = models_.end(); model != models_.begin();) {
    --model;
    if (model->use_count() > 1) continue;
    leaving.splice(leaving.end(), models_, model);
    break;
  }
  return leaving;
}

void Residency::forget(const std::string& id) {
  Models leaving;
  std::scoped_lock lock(mutex_);
  for (auto model = models_.begin(); model != models_.end();) {
    const auto next = std::next(model);
    if ((*model)->id == id) leaving.splice(leaving.end(), models_, model);
    model = next;
  }
}

std::vector<std::shared_ptr<LoadedModel>> Residency::resident() const {
  std::scoped_lock lock(mutex_);
  return {models_.begin(), models_.end()};
}

}  // namespace inference::local
