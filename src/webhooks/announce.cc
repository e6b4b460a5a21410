#include "webhooks/announce.h"

#include <algorithm>

#include "base/check.h"
#include "base/json/codec.h"
#include "base/limits/webhook.h"
#include "jobs/queue.h"
#include "webhooks/delivery.h"
#include "webhooks/endpoints.h"

namespace webhooks {

Status Announcer::announce(store::Transaction& transaction, const Event& event) const {
  CHECK(std::ranges::find(event_types(), event.type) != event_types().end());
  auto endpoints = endpoints::list(transaction, event.project);
  if (!endpoints) return fail(std::move(endpoints.error()));
  const std::string event_id = ids_.object("evt");
  for (const auto& endpoint : *endpoints) {
    if (std::ranges::find(endpoint.events, event.type) == endpoint.events.end()) continue;
    const json::Object body{{"id", event_id},
                            {"object", "event"},
                            {"type", event.type},
                            {"created_at", clock_.unix_seconds()},
                            {"data", json::Object{{"id", event.object_id}}}};
    const DeliveryPayload payload{.webhook_id = ids_.object("wh"), .body = json::dump(body)};
    auto queued = jobs::queue::enqueue(transaction,
                                       {.id = {ids_.object("job")},
                                        .kind = kDeliveryKind,
                                        .project = event.project,
                                        .subject = endpoint.id,
                                        .payload = json::dump(json::write(payload)),
                                        .attempts_max = limits::webhook_attempts_max},
                                       clock_.now().time_since_epoch().count());
    if (!queued) return queued;
  }
  return {};
}

}  // namespace webhooks
