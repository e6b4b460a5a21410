#include "inference/local/residency.h"

#include <algorithm>

#include "base/log.h"

namespace inference::local {

Result<std::shared_ptr<LoadedModel>> Residency::acquire(const std::string& id,
                                                        const std::string& path) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto found =
        std::find_if(models_.begin(), models_.end(), [&](const auto& m) { return m->id == id; });
    if (found != models_.end()) {
      models_.splice(models_.begin(), models_, found);
      return models_.front();
    }
    if (!loading_) break;
    loaded_.wait(lock);
  }

  loading_ = true;
  evict_for_one_more();
  lock.unlock();
  engine::EngineOptions options = options_;
  options.model_path = path;
  auto model = load_model(id, options);
  lock.lock();
  loading_ = false;
  loaded_.notify_all();
  if (model) models_.push_front(*model);
  return model;
}

void Residency::evict_for_one_more() {
  while (models_.size() >= models_max_) {
    LOG(Info, "model {}: leaves memory for another", models_.back()->id);
    models_.pop_back();
  }
}

void Residency::forget(const std::string& id) {
  std::scoped_lock lock(mutex_);
  models_.remove_if([&](const auto& model) { return model->id == id; });
}

std::vector<std::shared_ptr<LoadedModel>> Residency::resident() const {
  std::scoped_lock lock(mutex_);
  return {models_.begin(), models_.end()};
}

}  // namespace inference::local
