// The job that delivers one event to one endpoint.
#pragma once

#include <string>

#include "base/async.h"
#include "base/json/field.h"
#include "base/time.h"
#include "http/client.h"
#include "jobs/handler.h"
#include "store/db/database.h"

namespace webhooks {

inline constexpr const char* kDeliveryKind = "webhook";

// What the job carries; its subject is the endpoint's id.
struct DeliveryPayload {
  std::string webhook_id;  // the same over all tries
  std::string body;        // the event, exactly as it is sent
  static constexpr auto json_fields() {
    return std::tuple{json::field("webhook_id", &DeliveryPayload::webhook_id),
                      json::field("body", &DeliveryPayload::body)};
  }
};

// Owned by app; outlives the worker that it gives its handler to. Any thread.
class Deliveries {
 public:
  struct Options {
    bool allow_private = false;  // also to loopback and private networks
  };
  Deliveries(store::Database& database, base::Pools& pools, const base::Clock& clock,
             base::asio::any_io_executor executor, Options options);

  jobs::Handler handler();

 private:
  base::awaitable<jobs::Outcome> deliver(jobs::Attempt& attempt);

  store::Database& database_;
  base::Pools& pools_;
  const base::Clock& clock_;
  http::Client client_;
};

}  // namespace webhooks
