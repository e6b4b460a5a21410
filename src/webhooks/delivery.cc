#include "webhooks/delivery.h"

#include <fmt/format.h>

#include "base/json/codec.h"
#include "base/limits/webhook.h"
#include "base/log.h"
#include "base/version.h"
#include "webhooks/endpoints.h"
#include "webhooks/signature.h"

namespace webhooks {
namespace {

http::ClientOptions client_options(const Deliveries::Options& options) {
  http::ClientOptions out;
  out.connect_time_max = limits::webhook_answer_time_max;
  out.idle_time_max = limits::webhook_answer_time_max;
  if (!options.allow_private) out.address_policy = http::is_public_address;
  return out;
}

Result<http::ClientRequest> request_for(const Endpoint& endpoint, const DeliveryPayload& payload,
                                        std::int64_t now) {
  auto url = http::parse_url(endpoint.url);
  if (!url) return fail(std::move(url.error()));
  http::ClientRequest request{.method = http::Method::Post,
                              .url = std::move(*url),
                              .body = payload.body,
                              .head_time_max = limits::webhook_answer_time_max};
  request.headers.set("content-type", "application/json");
  request.headers.set("user-agent", fmt::format("Parlance/{}", base::kVersion));
  request.headers.set("webhook-id", payload.webhook_id);
  request.headers.set("webhook-timestamp", std::to_string(now));
  request.headers.set("webhook-signature", signature(endpoint.secret, {.id = payload.webhook_id,
                                                                       .timestamp = now,
                                                                       .body = payload.body}));
  return request;
}

}  // namespace

Deliveries::Deliveries(store::Database& database, base::Pools& pools, const base::Clock& clock,
                       base::asio::any_io_executor executor, Options options)
    : database_(database),
      pools_(pools),
      clock_(clock),
      client_(std::move(executor), client_options(options)) {}

jobs::Handler Deliveries::handler() {
  return {.kind = kDeliveryKind,
          .run = [this](jobs::Attempt& attempt) { return deliver(attempt); },
          .at_once_max = limits::webhooks_at_once_max};
}

base::awaitable<jobs::Outcome> Deliveries::deliver(jobs::Attempt& attempt) {
  const jobs::Job& job = attempt.job();
  auto value = json::parse(job.payload);
  if (!value) co_return jobs::Outcome::fail(value.error().message);
  auto payload = json::read<DeliveryPayload>(*value);
  if (!payload) co_return jobs::Outcome::fail(payload.error().message);

  auto endpoint = co_await database_.read(pools_.store, [&job](store::Session& session) {
    return endpoints::get(session, job.project, job.subject);
  });
  if (!endpoint && endpoint.error().code == ErrorCode::NotFound) {
    co_return jobs::Outcome::fail("The endpoint was removed.");
  }
  if (!endpoint) co_return jobs::Outcome::retry(endpoint.error().message);

  auto request = request_for(*endpoint, *payload, clock_.unix_seconds());
  if (!request) co_return jobs::Outcome::fail(request.error().message);
  auto response = co_await client_.send(std::move(*request));
  if (response && response->status() >= 200 && response->status() < 300) {
    co_return jobs::Outcome::done();
  }
  const std::string reason =
      response ? fmt::format("It answered {}.", response->status()) : response.error().message;
  LOG(Info, "webhooks: {} could not be told (try {}): {}", endpoint->id, job.attempts, reason);
  const std::int64_t age_ms = attempt.now_ms() - job.created_at_ms;
  if (age_ms > std::chrono::milliseconds(limits::webhook_age_max).count()) {
    co_return jobs::Outcome::fail(reason);
  }
  co_return jobs::Outcome::retry(reason);
}

}  // namespace webhooks
