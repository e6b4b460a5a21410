// Which models are in memory: loads on first use, keeps a bounded number, lets the least recently
// used go when there are too many or when a new one needs the memory.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/memory_plan.h"
#include "inference/local/catalogue.h"
#include "inference/local/loaded_model.h"

namespace inference::local {

// Any thread.
class Residency {
 public:
  // `free_memory`: bytes that this process could still use.
  Residency(engine::EngineOptions options, std::size_t models_max,
            std::function<std::size_t()> free_memory = engine::available_memory)
      : options_(std::move(options)),
        models_max_(models_max),
        free_memory_(std::move(free_memory)) {}

  // The model, loaded if need be; blocks meanwhile. Two callers of one model wait for one loading.
  // Idle models leave when it does not fit, or only with a short context; ResourceExhausted with
  // the numbers when that is not enough.
  Result<std::shared_ptr<LoadedModel>> acquire(const ModelSource& source);
  // Lets the model go once its running requests have ended.
  void forget(const std::string& id);
  std::vector<std::shared_ptr<LoadedModel>> resident() const;

 private:
  using Models = std::list<std::shared_ptr<LoadedModel>>;
  Models take_beyond_count();
  Models take_idle_one();
  Result<std::shared_ptr<LoadedModel>> load(const ModelSource& source);
  std::size_t promised_bytes() const;

  engine::EngineOptions options_;
  std::size_t models_max_;
  std::function<std::size_t()> free_memory_;
  mutable std::mutex mutex_;
  std::condition_variable loaded_;
  Models models_;         // most recently used first
  bool loading_ = false;  // one at a time: each takes what memory is free
};

}  // namespace inference::local
