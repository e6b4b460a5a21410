// The HTTP/1.1 server: accepts connections, enforces limits, hands requests to a Router.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/limits/http.h"
#include "base/random.h"
#include "http/router.h"

namespace http {

// PEM files.
struct TlsOptions {
  std::string certificate_chain_path;
  std::string private_key_path;
  std::string client_ca_path = {};  // when set, clients must present a certificate signed by it
};

struct ServerLimits {
  std::size_t header_bytes_max = limits::http_header_bytes_max;
  std::size_t target_bytes_max = limits::http_target_bytes_max;
  std::size_t connections_max = limits::http_connections_max;
  std::chrono::milliseconds header_time_max = limits::http_header_time_max;
  std::chrono::milliseconds body_idle_time_max = limits::http_body_idle_time_max;
  std::chrono::milliseconds keep_alive_time_max = limits::http_keep_alive_time_max;
  std::chrono::milliseconds write_stall_time_max = limits::http_write_stall_time_max;
  std::chrono::milliseconds drain_time_max = limits::http_drain_time_max;
  std::chrono::milliseconds sse_keep_alive_interval = limits::sse_keep_alive_interval;
  std::size_t stream_buffer_bytes_max = limits::http_stream_buffer_bytes_max;
};

// What is known when a request is over. Views are valid during the call only.
struct RequestRecord {
  std::string_view method;
  std::string_view pattern;  // of the route; empty when none matched
  std::string_view request_id;
  std::string_view client_request_id;  // X-Client-Request-Id; for the log, never a key
  int status = 0;                      // 499 when the client went away first
  std::chrono::nanoseconds duration{0};
  std::uint64_t body_bytes_received = 0;
  std::uint64_t body_bytes_sent = 0;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one; Server::port tells
  std::optional<TlsOptions> tls = std::nullopt;
  ServerLimits limits = {};
  // Called on an IO thread at the end of every request; must be quick and not throw.
  std::function<void(const RequestRecord&)> observer = {};
};

// Owned by app. Any thread may call; everything passed in must outlive it.
// Invariant: every accepted request ends in a response, or the client was gone.
class Server {
 public:
  Server(asio::any_io_executor executor, const Router& router, base::Random& random,
         ServerOptions options);
  ~Server();  // after `stop` has returned, or after the executor has stopped running

  // Binds and accepts from now on.
  Status start();
  // The bound port, after start.
  std::uint16_t port() const;
  std::size_t connections() const;
  // Graceful drain: stops accepting, lets running requests end (each answered with
  // `Connection: close`) for up to limits.drain_time_max, then cancels the rest.
  awaitable<> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the connections
};

}  // namespace http
