// GET /healthz (the process lives), /readyz (it can serve), /metrics (Prometheus).
#pragma once

#include <atomic>

#include "base/metrics.h"
#include "http/router.h"
#include "http/server.h"

namespace app {

// Any thread.
class Health {
 public:
  explicit Health(base::Metrics& metrics) : metrics_(metrics) {}
  void add_to(http::Router& router);
  void set_ready(bool ready) { ready_ = ready; }
  // Counts one finished request.
  void observe(const http::RequestRecord& record);

 private:
  base::awaitable<http::Response> healthz(http::Request& request);
  base::awaitable<http::Response> readyz(http::Request& request);
  base::awaitable<http::Response> metrics(http::Request& request);

  base::Metrics& metrics_;
  std::atomic<bool> ready_ = false;
};

}  // namespace app
