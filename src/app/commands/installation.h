// What commands about an installation need: its database, opened beside a server that may be
// running, and the access to it.
#pragma once

#include <memory>
#include <optional>

#include "app/config.h"
#include "app/storage.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "gateway/access.h"

namespace app {

// One thread. `access` is there after `open`.
struct Installation {
  std::unique_ptr<store::Database> database;
  base::SystemClock clock;
  base::SystemRandom random;
  base::IdGenerator ids{clock, random};
  std::optional<gateway::Access> access;

  Status open(const Config& config) {
    auto opened = open_storage({.data = config.data, .beside_server = true});
    if (!opened) return fail(opened.error());
    database = std::move(*opened);
    access.emplace(*database, ids, clock);
    return access->ensure_defaults();
  }
};

}  // namespace app
