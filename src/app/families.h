// Every API family, built and registered: one line each in families.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "app/config.h"
#include "base/async.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/time.h"
#include "gateway/backends.h"
#include "http/router.h"
#include "inference/activity.h"
#include "jobs/worker.h"
#include "store/db/database.h"
#include "api/items/sealed.h"
#include "api/models/routes.h"
#include "blob/blob_store.h"
#include "inference/ranker.h"
#include "jobs/doorbell.h"
#include "jobs/expiry.h"

namespace app {

// How long what is stored without a word about its end is kept; 0 is for ever.
struct Retention {
  std::int64_t chats_seconds = 0;
  std::int64_t responses_seconds = 0;
};

// What families are made of. Owned by Server; outlives them.
struct Parts {
  const Config& config;
  store::Database& database;
  blob::BlobStore& blobs;
  base::Pools& pools;
  gateway::Backends& backends;
  const inference::Activity& activity;
  inference::Ranker& ranker;
  base::IdGenerator& ids;
  const base::Clock& clock;
  base::Metrics& metrics;
  const jobs::Doorbell& doorbell;
  api::models::ModelRemover& model_remover;
  http::Router& router;
  Retention retention;
  const api::items::SealingKey& sealing_key;
  base::asio::any_io_executor executor;
};

class Families {
 public:
  explicit Families(Parts parts);
  ~Families();

  // What the families do in the background: one per kind of job.
  std::vector<jobs::Handler> job_handlers();

  // What their objects bring to be removed when their time is over.
  std::vector<jobs::ExpiringKind> expiring_kinds();

 private:
  struct All;
  std::unique_ptr<All> all_;
};

}  // namespace app
