// One accepted connection: reads requests in order, runs them, writes the responses.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "http/server.h"
#include "http/server/input_buffer.h"
#include "http/server/request_parser.h"
#include "http/server/stream.h"
#include "http/websocket.h"

namespace http::detail {

// What connections share with their server; outlives them.
struct ConnectionContext {
  const Router& router;
  base::Random& random;
  const ServerOptions& options;
};

// Shared by the server's registry, its coroutine and the callbacks of its pending operations.
// Everything runs on its strand, except what says "any thread".
//
// One coroutine (`run`) does the work in order. Beside it, while a handler runs, one pending read
// watches the client: bytes that arrive are kept for the next request, the end of the stream
// cancels the handler. There is no timer per connection: the server's ticker calls `tick`.
class Connection final : public std::enable_shared_from_this<Connection>, private BodyWriter {
 public:
  Connection(tcp::socket socket, asio::ssl::context* tls, ConnectionContext context);

  // Starts the coroutine; `ended` is called once, when nothing runs any more.
  void start(std::move_only_function<void()> ended);
  // Any thread. Closes now when idle, else after the running request.
  void drain();
  // Any thread. Cancels whatever runs and closes.
  void abort();
  // Any thread, about every limits.tick: acts on limits that have passed.
  void tick(std::chrono::steady_clock::time_point now);

 private:
  using Clock = std::chrono::steady_clock;
  using Ticks = Clock::rep;
  static constexpr Ticks kNever = INT64_MAX;
  class Body;
  friend class Body;

  enum class Phase { Handshake, Idle, Head, Body, Handler, Stream, Write, Linger, WebSocket };

  // Puts phase and deadline back when an inner step with its own ends.
  class PhaseScope {
   public:
    explicit PhaseScope(Connection& connection)
        : connection_(connection), phase_(connection.phase_), deadline_(connection.deadline_) {}
    ~PhaseScope() {
      connection_.phase_ = phase_;
      connection_.deadline_ = deadline_;
    }

   private:
    Connection& connection_;
    Phase phase_;
    Ticks deadline_;
  };

  // --- connection.cc: the life of a connection
  awaitable<> run(std::shared_ptr<Connection> self);
  awaitable<bool> handshake();
  awaitable<bool> read_head();
  awaitable<> serve(RequestHead head);
  awaitable<bool> handle(Request& request, Response& response);
  awaitable<> refuse(const HttpError& error);
  awaitable<> respond(Request& request, Response& response);
  awaitable<bool> stream(Request& request, Response& response);

  // --- connection_websocket.cc
  awaitable<> upgrade(Request& request);
  awaitable<> run_websocket(Request& request, const Response& response);
  void drain_websocket();

  // --- connection.cc again
  awaitable<> skip_body();
  awaitable<> linger();
  bool body_unread() const { return parser_ && !parser_->done(); }
  HttpError too_large() const;
  std::unique_ptr<BodySource> make_body();
  void record(const Request& request, int status);
  Request make_request(RequestHead head);

  // --- connection_input.cc: reading, and watching the client while a handler runs
  awaitable<boost::system::error_code> fill();
  awaitable<Result<std::size_t>> read_body(std::span<char> buffer);
  void start_watch();
  void watched(boost::system::error_code error, std::size_t bytes);
  void probe();
  void client_gone();

  // --- connection_output.cc: writing
  std::string head_text(const Request& request, const Response& response, bool chunked) const;
  awaitable<bool> send(std::string head, const std::string& body);
  awaitable<bool> send_all(std::string_view bytes);
  awaitable<> write(std::string_view bytes) override;
  awaitable<> flush() override;
  void keep_alive_with(std::string_view text) override;
  awaitable<> finish_stream();
  awaitable<> wait_for_output(std::size_t bytes_max);
  void append_body(std::string_view bytes);
  void start_write();
  void written(boost::system::error_code error);
  void send_keep_alive();

  // --- limits
  void enter(Phase phase, std::chrono::nanoseconds limit);
  void enter(Phase phase);
  void deadline_passed();
  const ServerLimits& limits() const { return context_.options.limits; }

  Stream stream_;
  ConnectionContext context_;
  asio::cancellation_signal cancel_;
  std::shared_ptr<ConnectionFacts> facts_;  // shared with the requests

  Phase phase_ = Phase::Handshake;
  std::atomic<Ticks> deadline_{kNever};
  std::atomic<Ticks> keep_alive_at_{kNever};
  bool draining_ = false;
  bool keep_alive_ = true;  // after this response
  bool timed_out_ = false;  // the running read or handler was ended by its limit
  bool gone_ = false;       // the client is
  bool linger_ = false;     // unread bytes are on their way; closing at once would lose the answer

  // Input.
  InputBuffer input_;
  HeadScanner scanner_;
  std::unique_ptr<RequestParser> parser_;  // of the running request
  std::uint64_t body_bytes_read_ = 0;
  std::uint64_t body_limit_ = UINT64_MAX;
  std::int64_t content_length_ = -1;
  bool continue_wanted_ = false;  // the client waits for "100 Continue"
  bool handling_ = false;
  bool watch_wanted_ = false;  // once the body has been read
  bool watching_ = false;      // the watching read is pending
  bool end_of_input_ = false;
  boost::system::error_code read_error_;
  asio::steady_timer watch_ended_;  // an event: cancelled when the watching read ends

  // While the connection speaks WebSocket; owned by its coroutine.
  std::weak_ptr<WebSocket::Connection> websocket_;

  // Output.
  std::string pending_;  // framed, waits for the write under way
  std::string writing_;
  bool write_active_ = false;
  bool write_failed_ = false;
  bool head_started_ = false;  // the client has seen the status
  bool chunked_ = false;
  std::string stream_head_;  // leaves with the first bytes of the stream
  std::string_view keep_alive_text_;
  std::uint64_t body_bytes_sent_ = 0;
  asio::steady_timer written_;  // an event: cancelled when a write ends
};

}  // namespace http::detail
