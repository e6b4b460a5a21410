// Which models are in memory: loads on first use, keeps a bounded number, lets the least recently
// used go.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "inference/local/loaded_model.h"

namespace inference::local {

// Any thread.
class Residency {
 public:
  Residency(engine::EngineOptions options, std::size_t models_max)
      : options_(std::move(options)), models_max_(models_max) {}

  // The model, loaded if need be; blocks meanwhile. Two callers of one model wait for one loading.
  Result<std::shared_ptr<LoadedModel>> acquire(const std::string& id, const std::string& path);
  // Lets the model go once its running requests have ended.
  void forget(const std::string& id);
  std::vector<std::shared_ptr<LoadedModel>> resident() const;

 private:
  void evict_for_one_more();

  engine::EngineOptions options_;
  std::size_t models_max_;
  mutable std::mutex mutex_;
  std::condition_variable loaded_;
  std::list<std::shared_ptr<LoadedModel>> models_;  // most recently used first
  bool loading_ = false;                            // one at a time: each takes what memory is free
};

}  // namespace inference::local
