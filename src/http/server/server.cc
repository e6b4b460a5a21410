#include "http/server.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <mutex>
#include <unordered_set>

#include "base/check.h"
#include "base/log.h"
#include "http/server/connection.h"

namespace http {

using detail::Connection;
using tcp = asio::ip::tcp;

// Shared by the server and the accept and ticker coroutines, which end after `stop`.
struct Server::State : std::enable_shared_from_this<Server::State> {
  State(asio::any_io_executor executor, const Router& router, base::Random& random,
        ServerOptions opts)
      : executor(executor),
        strand(asio::make_strand(executor)),
        options(std::move(opts)),
        context{router, random, options},
        acceptor(strand),
        ticker(strand) {}

  Status listen();
  Status load_tls();
  awaitable<> accept_loop(std::shared_ptr<State> self);
  awaitable<> tick_loop(std::shared_ptr<State> self);
  void add(tcp::socket socket);
  std::vector<std::shared_ptr<Connection>> snapshot() const;
  std::size_t connection_count() const;

  asio::any_io_executor executor;
  asio::any_io_executor strand;  // of the acceptor and the ticker
  const ServerOptions options;
  detail::ConnectionContext context;
  std::optional<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  asio::steady_timer ticker;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  std::unordered_set<std::shared_ptr<Connection>> connections;  // each until its coroutine ends
};

namespace {

constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n"
    "connection: close\r\n\r\n";

Status bind_failed(const ServerOptions& options, const boost::system::error_code& error) {
  return fail(ErrorCode::InvalidRequest, "cannot listen on " + options.address + ":" +
                                             std::to_string(options.port) + ": " + error.message());
}

// The shortest limit decides how often limits are looked at: at a quarter of it, 5 ms to 250 ms.
std::chrono::milliseconds tick_interval(const ServerLimits& limits) {
  const auto shortest =
      std::min({limits.header_time_max, limits.body_idle_time_max, limits.keep_alive_time_max,
                limits.write_stall_time_max, limits.sse_keep_alive_interval});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

// Answers and closes without waiting for anything the client might send.
void turn_away(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.send(asio::buffer(kTooManyConnections), 0, ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

Status Server::State::load_tls() {
  tls.emplace(asio::ssl::context::tls_server);
  boost::system::error_code error;
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv3 |
                   asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                   asio::ssl::context::single_dh_use);
  SSL_CTX_set_options(tls->native_handle(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(tls->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  tls->use_certificate_chain_file(options.tls->certificate_chain_path, error);
  if (!error)
    tls->use_private_key_file(options.tls->private_key_path, asio::ssl::context::pem, error);
  if (!error && !options.tls->client_ca_path.empty()) {
    tls->load_verify_file(options.tls->client_ca_path, error);
    if (!error) {
      tls->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert, error);
    }
  }
  if (error) return fail(ErrorCode::InvalidRequest, "cannot use the TLS files: " + error.message());
  return {};
}

Status Server::State::listen() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return bind_failed(options, error);
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) return bind_failed(options, error);
  port = acceptor.local_endpoint(error).port();
  return {};
}

awaitable<> Server::State::accept_loop(std::shared_ptr<State>) {
  while (!stopping) {
    boost::system::error_code error;
    auto socket = co_await acceptor.async_accept(asio::make_strand(executor),
                                                 asio::redirect_error(asio::use_awaitable, error));
    if (stopping || error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors, most likely: waiting lets some come back, trying again at once spins.
      LOG(Warning, "accept: {}", error.message());
      co_await base::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    if (connection_count() >= options.limits.connections_max) {
      turn_away(std::move(socket));
    } else {
      add(std::move(socket));
    }
  }
}

void Server::State::add(tcp::socket socket) {
  auto connection = std::make_shared<Connection>(std::move(socket), tls ? &*tls : nullptr, context);
  {
    std::scoped_lock lock(mutex);
    connections.insert(connection);
  }
  // The registry's pointer is the connection's own; a weak one here lets it go.
  connection->start([state = shared_from_this(), weak = std::weak_ptr(connection)] {
    std::scoped_lock lock(state->mutex);
    state->connections.erase(weak.lock());
  });
}

awaitable<> Server::State::tick_loop(std::shared_ptr<State>) {
  const auto interval = tick_interval(options.limits);
  while (!stopping || connection_count() > 0) {
    ticker.expires_after(interval);
    boost::system::error_code ignored;
    co_await ticker.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto now = std::chrono::steady_clock::now();
    std::scoped_lock lock(mutex);
    for (const auto& connection : connections) connection->tick(now);
  }
}

std::vector<std::shared_ptr<Connection>> Server::State::snapshot() const {
  std::scoped_lock lock(mutex);
  return {connections.begin(), connections.end()};
}

std::size_t Server::State::connection_count() const {
  std::scoped_lock lock(mutex);
  return connections.size();
}

Server::Server(asio::any_io_executor executor, const Router& router, base::Random& random,
               ServerOptions options)
    : state_(std::make_shared<State>(std::move(executor), router, random, std::move(options))) {}

Server::~Server() = default;

Status Server::start() {
  if (state_->options.tls) {
    if (auto loaded = state_->load_tls(); !loaded) return loaded;
  }
  if (auto bound = state_->listen(); !bound) return bound;
  asio::co_spawn(state_->strand, state_->accept_loop(state_), asio::detached);
  asio::co_spawn(state_->strand, state_->tick_loop(state_), asio::detached);
  return {};
}

std::uint16_t Server::port() const {
  return state_->port;
}
std::size_t Server::connections() const {
  return state_->connection_count();
}

awaitable<> Server::stop() {
  auto state = state_;
  state->stopping = true;
  asio::post(state->strand, [state] {
    boost::system::error_code ignored;
    state->acceptor.close(ignored);
  });
  for (const auto& connection : state->snapshot()) connection->drain();
  const auto deadline = std::chrono::steady_clock::now() + state->options.limits.drain_time_max;
  bool aborted = false;
  // Only shutdown waits here, so a short poll is simple enough.
  while (state->connection_count() > 0) {
    co_await base::sleep_for(std::chrono::milliseconds(5));
    if (aborted || std::chrono::steady_clock::now() < deadline) continue;
    aborted = true;
    for (const auto& connection : state->snapshot()) connection->abort();
  }
}

}  // namespace http
