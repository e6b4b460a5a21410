// The Backend that runs models on this machine: the bridge from messages and events to the engine's
// tokens.
#pragma once

#include <atomic>

#include "base/async.h"
#include "base/guarded.h"
#include "base/ids.h"
#include "inference/activity.h"
#include "inference/backend.h"
#include "inference/local/abilities.h"
#include "inference/local/catalogue.h"
#include "inference/local/constraint.h"
#include "inference/local/prompt.h"
#include "inference/local/residency.h"
#include "inference/ranker.h"

namespace inference::local {

struct LocalOptions {
  Catalogue catalogue;
  engine::EngineOptions engine;  // for models without limits of their own; the path is filled in
  std::size_t resident_models_max = 2;
  bool truncate = false;         // drop the earliest messages of a chat that does not fit
  Activity* activity = nullptr;  // told of interactive requests; outlives the backend
};

// Any thread. Templates, tokenizing and loading run on `pools.work`; those of background requests
// on a thread of their own that gives way to all others. Making it reads the headers of all models.
class LocalBackend final : public Backend, public Ranker {
 public:
  LocalBackend(LocalOptions options, base::Pools& pools, base::IdGenerator& ids,
               const base::Clock& clock);

  // What a file that came since can do is read meanwhile; until then all is believed of it.
  std::vector<ModelInfo> models() const override;
  bool has(const std::string& model) const override;
  base::awaitable<Result<std::unique_ptr<EventStream>>> generate(GenerateRequest request) override;
  base::awaitable<Result<Embeddings>> embed(EmbedRequest request) override;
  base::awaitable<Result<std::int64_t>> count_tokens(GenerateRequest request) override;
  base::awaitable<Result<std::vector<double>>> rank(RankRequest request) override;

  // Drops the model from memory once its running requests have ended.
  // An adapter takes its base model along, which comes back without it at the next use.
  void forget(const std::string& id);
  std::vector<std::shared_ptr<LoadedModel>> resident() const { return residency_.resident(); }

 private:
  struct Known {
    base::MonotonicTime asked{};
    std::vector<ModelSource> sources;
  };
  struct Acquired {
    std::shared_ptr<LoadedModel> model;
    std::string adapter;  // of the model's; empty: none
  };
  // The model to load, and the adapter to load into it if one was asked for.
  struct Wanted {
    ModelSource model;
    engine::AdapterOptions adapter;
  };
  // What the engine needs to know of a request.
  struct Prepared {
    Acquired acquired;
    Prompt prompt;
    MakeConstraint constraint;
  };
  // fn(sources) under the lock; the catalogue is asked again when what it said is old.
  template <class Fn>
  auto with_sources(Fn fn) const;
  void read_abilities(std::vector<ModelSource> sources) const;
  Result<Wanted> find(const std::string& id) const;
  base::awaitable<Result<Acquired>> acquire(std::string id, base::asio::thread_pool& pool);
  Result<Acquired> load(const Wanted& wanted);
  Result<Prepared> prepare(const GenerateRequest& request, base::UnixTime now);
  base::asio::thread_pool& pool_for(Priority priority);
  Activity::Guard begin(Priority priority);

  LocalOptions options_;
  base::Pools& pools_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
  Residency residency_;
  mutable base::Guarded<Known> known_;
  AbilitiesOfFiles abilities_;
  mutable std::atomic<bool> reading_abilities_ = false;
  mutable base::asio::thread_pool background_{1};
};

}  // namespace inference::local
