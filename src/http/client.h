// The HTTP/1.1 client: pooled connections, TLS with verification, limits on everything, streamed
// responses. It follows no redirects unless asked, and then never takes credentials along to
// another origin.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/limits/http.h"
#include "http/address.h"
#include "http/body.h"
#include "http/headers.h"
#include "http/status.h"
#include "http/url.h"

namespace http {

struct ClientOptions {
  std::chrono::milliseconds connect_time_max = limits::client_connect_time_max;  // DNS and TLS too
  // No byte for this long, either way, ends the exchange.
  std::chrono::milliseconds idle_time_max = limits::client_idle_time_max;
  std::size_t head_bytes_max = limits::http_header_bytes_max;
  std::size_t idle_connections_max = limits::client_idle_connections_max;  // kept per origin
  std::chrono::milliseconds idle_connection_time_max = limits::client_idle_connection_time_max;
  int redirects_max = 0;
  // Extra trusted certificates (PEM); the system's are always trusted.
  std::string ca_path = {};
  // For addresses named by strangers: `is_public_address`. Checked for every resolved address, and
  // the connection goes to the checked one.
  AddressPolicy address_policy = {};
};

struct ClientRequest {
  Method method = Method::Get;
  Url url;
  Headers headers = {};
  std::string body = {};
  // For the whole exchange up to the response's head; none by default.
  std::optional<std::chrono::milliseconds> head_time_max = std::nullopt;
};

// A response whose body is read as it arrives. Movable; one coroutine. Destroying it early closes
// its connection; reading to the end gives it back to the pool.
class ClientResponse final : public BodySource {
 public:
  class Exchange;
  explicit ClientResponse(std::unique_ptr<Exchange> exchange);
  ClientResponse(ClientResponse&&) noexcept;
  ClientResponse& operator=(ClientResponse&&) noexcept;
  ~ClientResponse() override;

  int status() const;
  const Headers& headers() const;
  // After redirects: where this came from.
  const Url& url() const;

  // As BodySource; UpstreamFailed when the server ends it early.
  awaitable<Result<std::size_t>> read_some(std::span<char> buffer) override;
  std::int64_t size_hint() const override;
  void set_limit(std::uint64_t bytes_max) override;
  // The whole body; TooLarge beyond `bytes_max`.
  awaitable<Result<std::string>> body(std::uint64_t bytes_max);

 private:
  std::unique_ptr<Exchange> exchange_;
};

// Any thread; owned by app, outlives its responses. A call and its response are used from one
// strand, as handlers and task groups are; it ends early when the calling coroutine is cancelled.
class Client {
 public:
  explicit Client(asio::any_io_executor executor, ClientOptions options = {});
  ~Client();

  // Returns when the head of the response is here. Errors: InvalidRequest for a header that cannot
  // be sent, PermissionDenied by the address policy, Timeout, UpstreamFailed for everything the
  // network does. A status of 400 and above is a response, not an error.
  awaitable<Result<ClientResponse>> send(ClientRequest request);

 private:
  friend class ClientResponse;
  struct State;
  std::shared_ptr<State> state_;  // shared with responses, which give connections back
};

}  // namespace http
