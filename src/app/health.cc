#include "app/health.h"

namespace app {

void Health::add_to(http::Router& router) {
  const http::RouteOptions open{.tags = {"public"}};
  router.get("/healthz", this, &Health::healthz, open);
  router.get("/readyz", this, &Health::readyz, open);
  router.get("/metrics", this, &Health::metrics, open);
}

void Health::observe(const http::RequestRecord& record) {
  const base::Metrics::Labels labels{
      {"method", std::string(record.method)},
      {"route", record.pattern.empty() ? "none" : std::string(record.pattern)},
      {"status", std::to_string(record.status)}};
  metrics_.counter("http_requests_total", "Requests answered", labels).add();
  static const std::vector<double> bounds{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300};
  metrics_
      .histogram("http_request_seconds",
                 "Time from the head of a request to the last byte of its response", bounds,
                 {{"route", labels.at("route")}})
      .observe(std::chrono::duration<double>(record.duration).count());
}

base::awaitable<http::Response> Health::healthz(http::Request&) {
  co_return http::Response::json(R"({"status":"ok"})");
}

base::awaitable<http::Response> Health::readyz(http::Request&) {
  if (ready_) co_return http::Response::json(R"({"status":"ready"})");
  co_return http::Response::json(R"({"status":"not ready"})", 503);
}

base::awaitable<http::Response> Health::metrics(http::Request&) {
  co_return http::Response::text(metrics_.text(), 200, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace app
