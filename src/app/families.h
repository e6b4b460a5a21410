// Every API family, built and registered: one line each in families.cc.
#pragma once

#include <memory>

#include "base/async.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/time.h"
#include "gateway/backends.h"
#include "http/router.h"
#include "store/db/database.h"
#include "api/models/routes.h"
#include "blob/blob_store.h"

namespace app {

// What families are made of. Owned by Server; outlives them.
struct Parts {
  store::Database& database;
  blob::BlobStore& blobs;
  base::Pools& pools;
  gateway::Backends& backends;
  base::IdGenerator& ids;
  const base::Clock& clock;
  base::Metrics& metrics;
  api::models::ModelRemover& model_remover;
  http::Router& router;
};

class Families {
 public:
  explicit Families(Parts parts);
  ~Families();

 private:
  struct All;
  std::unique_ptr<All> all_;
};

}  // namespace app
