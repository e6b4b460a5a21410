// The one call by which a family says that something ended.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "store/db/session.h"

namespace webhooks {

struct Event {
  base::ProjectId project;
  std::string type;       // "batch.completed"...
  std::string object_id;  // the `id` of the event's data
};

// Lives as long as what it refers to. Any thread.
class Announcer {
 public:
  Announcer(base::IdGenerator& ids, const base::Clock& clock) : ids_(ids), clock_(clock) {}

  // In the transaction that stores the terminal state: queues a delivery to each endpoint of the
  // project that wants this type. One indexed read when there is none. CHECKs that the type is one
  // of `event_types`.
  Status announce(store::Transaction& transaction, const Event& event) const;

 private:
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace webhooks
