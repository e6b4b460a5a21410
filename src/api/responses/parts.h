// What the responses are made with. Owned by app; outlives them.
#pragma once

#include <cstdint>

#include "api/items/outside.h"
#include "base/async.h"
#include "base/ids.h"
#include "base/time.h"
#include "inference/backend.h"
#include "jobs/doorbell.h"
#include "store/db/database.h"
#include "tools/tool.h"
#include "webhooks/announce.h"

namespace api::responses {

struct Parts {
  store::Database& database;
  base::Pools& pools;
  inference::Backend& backend;
  base::IdGenerator& ids;
  const base::Clock& clock;
  const jobs::Doorbell& doorbell;
  const tools::Registry& tools;
  const webhooks::Announcer& announcer;
  items::OutsideReaders outside = {};
  std::int64_t seconds_kept = 0;  // stored responses; 0 is for ever
};

inline std::int64_t unix_ms(const Parts& parts) {
  return parts.clock.now().time_since_epoch().count();
}

}  // namespace api::responses
