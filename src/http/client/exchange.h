// One request on one connection, and the pool the connection comes from and goes back to.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "http/client.h"
#include "http/client/response_parser.h"
#include "http/server/input_buffer.h"
#include "http/server/stream.h"

namespace http::detail {

// Connections that wait for their next request, by origin. Any thread.
class ConnectionPool {
 public:
  ConnectionPool(std::size_t per_origin_max, std::chrono::milliseconds idle_time_max)
      : per_origin_max_(per_origin_max), idle_time_max_(idle_time_max) {}

  // nullptr when none is usable.
  std::unique_ptr<Stream> take(const std::string& origin);
  void give_back(const std::string& origin, std::unique_ptr<Stream> stream);

 private:
  struct Idle {
    std::unique_ptr<Stream> stream;
    std::chrono::steady_clock::time_point since;
  };
  std::size_t per_origin_max_;
  std::chrono::milliseconds idle_time_max_;
  base::Guarded<std::map<std::string, std::vector<Idle>>> idle_;
};

// A stream with a limit on how long one waits for it: when that passes, the stream is closed.
// Shared by its exchange and the timer's callback; on the strand of the exchange.
class TimedStream : public std::enable_shared_from_this<TimedStream> {
 public:
  explicit TimedStream(asio::any_io_executor strand) : timer_(std::move(strand)) {}

  // From now on, waiting may take this long. Cheap: the timer is set again only when it must.
  void allow(std::chrono::milliseconds limit);
  // Lets go of the stream unharmed; null if its time had passed.
  std::unique_ptr<Stream> release();
  void close();
  bool expired() const { return expired_; }

  std::unique_ptr<Stream> stream;

 private:
  using Clock = std::chrono::steady_clock;
  void wait();

  asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point timer_at_ = Clock::time_point::max();
  bool expired_ = false;
};

}  // namespace http::detail

namespace http {

// Owned by the client and by exchanges under way.
struct Client::State {
  State(asio::any_io_executor executor, ClientOptions options);
  asio::any_io_executor executor;
  ClientOptions options;
  asio::ssl::context tls;
  detail::ConnectionPool pool;
};

// One coroutine. Owned by the response once there is one.
class ClientResponse::Exchange {
 public:
  Exchange(std::shared_ptr<Client::State> state, asio::any_io_executor strand, Url url,
           Method method);
  ~Exchange() { timed_->close(); }

  // Connects (or takes a connection from the pool), sends, and reads the response's head.
  awaitable<Status> run(const ClientRequest& request);
  awaitable<Result<std::size_t>> read_some(std::span<char> buffer);
  const detail::ResponseParser& parser() const { return *parser_; }
  const Url& url() const { return url_; }
  void set_limit(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  awaitable<Status> connect();
  awaitable<Status> resolve_and_connect(asio::ip::tcp::socket& socket);
  awaitable<Status> write_request(const ClientRequest& request);
  awaitable<Status> read_head();
  awaitable<Status> fill();
  void finish();
  std::unexpected<Error> failed(std::string_view what, const boost::system::error_code& error);

  std::shared_ptr<Client::State> state_;
  Url url_;
  Method method_;
  std::shared_ptr<detail::TimedStream> timed_;
  std::unique_ptr<detail::ResponseParser> parser_;
  detail::InputBuffer input_;
  std::uint64_t bytes_max_ = UINT64_MAX;
  std::uint64_t bytes_read_ = 0;
  bool reused_ = false;    // the connection came from the pool
  bool answered_ = false;  // a byte of the response has arrived
};

}  // namespace http
