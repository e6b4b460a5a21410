#include "http/server/connection.h"

#include <boost/asio/redirect_error.hpp>

#include "base/limits/http.h"
#include "base/log.h"
#include "http/server/websocket_connection.h"

namespace http::detail {
namespace {

// What a connection keeps between requests; most requests fit.
constexpr std::size_t kIdleBufferBytes = 4 * 1024;
// The request line holds a method and a version besides the target.
constexpr std::size_t kMethodBytesMax = 64;

// A body nobody wanted is read and dropped up to this size, to keep the connection.
constexpr std::int64_t kSkippedBytesMax = ::limits::http_linger_bytes_max;

// Named, because g++ 12 destroys an aggregate temporary twice when it stands in a co_await
// expression (GCC bug 99576 and its kin).
const HttpError kTargetTooLong{414, "Request target too long"};
const HttpError kHeaderTooLarge{431, "Request header fields too large"};
const HttpError kBadLine{400, "Malformed request: bad line ending or folding"};
const HttpError kHeaderTimeout{408, "Request timeout: the header did not arrive in time"};

}  // namespace

Connection::Connection(tcp::socket socket, asio::ssl::context* tls, ConnectionContext context)
    : stream_(std::move(socket), tls),
      context_(context),
      facts_(std::make_shared<ConnectionFacts>()),
      watch_ended_(stream_.get_executor(), Clock::time_point::max()),
      written_(stream_.get_executor(), Clock::time_point::max()) {
  boost::system::error_code ignored;
  // Small writes must not wait for the acknowledgement of the one before (Nagle).
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  const auto peer = stream_.socket().remote_endpoint(ignored);
  facts_->peer_address = peer.address().to_string();
  facts_->peer_port = peer.port();
  facts_->peer_is_loopback = peer.address().is_loopback();
}

void Connection::start(std::move_only_function<void()> ended) {
  auto done = [self = shared_from_this(), ended = std::move(ended)](std::exception_ptr) mutable {
    self->stream_.close();
    ended();
  };
  asio::co_spawn(stream_.get_executor(), run(shared_from_this()),
                 asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
}

void Connection::drain() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    if (self->phase_ == Phase::Idle && self->input_.empty()) self->stream_.close();
    self->drain_websocket();
  });
}

void Connection::abort() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->client_gone(); });
}

awaitable<> Connection::run(std::shared_ptr<Connection>) {
  if (stream_.encrypted()) {
    const bool agreed = co_await handshake();
    if (!agreed) co_return;
  }
  while (keep_alive_ && !gone_) {
    const bool found = co_await read_head();
    if (!found) break;
    const auto size = scanner_.size();
    parser_ = std::make_unique<RequestParser>();
    auto head = parser_->parse_head(input_.data().substr(0, size), limits().target_bytes_max);
    scanner_ = {};
    if (!head) {
      co_await refuse(head.error());
      break;
    }
    input_.consume(size);
    co_await serve(std::move(*head));
    // A pending read still points into the buffer.
    if (!watching_) input_.shrink(kIdleBufferBytes);
  }
  if (linger_ && !gone_) co_await linger();
}

awaitable<bool> Connection::handshake() {
  enter(Phase::Handshake, limits().header_time_max);
  boost::system::error_code error;
  co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return false;
  auto* ssl = stream_.ssl();
  facts_->encrypted = true;
  facts_->tls_version = SSL_get_version(ssl);
  facts_->tls_cipher = SSL_get_cipher_name(ssl);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    facts_->tls_server_name = name;
  }
  if (X509* certificate = SSL_get0_peer_certificate(ssl)) {
    char subject[512] = {};
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    facts_->tls_client_subject = subject;
  }
  co_return true;
}

// Reads until the buffer begins with a complete head. Answers what can be answered; false ends the
// connection.
awaitable<bool> Connection::read_head() {
  // An empty line or two before a request is tolerated (RFC 9112, section 2.2).
  int empty_lines = 0;
  if (input_.empty() && !draining_) enter(Phase::Idle, limits().keep_alive_time_max);
  if (!input_.empty()) enter(Phase::Head, limits().header_time_max);
  while (true) {
    while (input_.data().starts_with("\r\n") && scanner_.size() == 0 && empty_lines++ < 4) {
      input_.consume(2);
    }
    const auto state = scanner_.scan(input_.data());
    const auto seen = state == HeadScanner::State::Complete ? scanner_.size() : input_.size();
    if (!scanner_.line_seen() && seen > limits().target_bytes_max + kMethodBytesMax) {
      co_await refuse(kTargetTooLong);
      co_return false;
    }
    if (seen > limits().header_bytes_max) {
      co_await refuse(kHeaderTooLarge);
      co_return false;
    }
    if (state == HeadScanner::State::Complete) co_return true;
    if (state == HeadScanner::State::Malformed) {
      co_await refuse(kBadLine);
      co_return false;
    }
    if (draining_ && input_.empty()) co_return false;
    const auto error = co_await fill();
    if (timed_out_ && !input_.empty() && phase_ == Phase::Head) {
      timed_out_ = false;
      co_await refuse(kHeaderTimeout);
      co_return false;
    }
    if (error) co_return false;
    if (phase_ == Phase::Idle) enter(Phase::Head, limits().header_time_max);
  }
}

Request Connection::make_request(RequestHead head) {
  Request request(head.method, std::move(head.target), std::move(head.headers));
  request.set_method_text(std::move(head.method_text));
  request.set_version(head.version);
  request.set_connection(facts_);
  request.set_id("req_" + context_.random.hex(32));
  return request;
}

// Answers what is not a request; the connection ends after it.
awaitable<> Connection::refuse(const HttpError& error) {
  auto request = make_request({});
  parser_.reset();
  keep_alive_ = false;
  linger_ = true;
  body_bytes_read_ = body_bytes_sent_ = 0;
  auto response = context_.router.error(request, error);
  co_await respond(request, response);
}

awaitable<> Connection::serve(RequestHead head) {
  keep_alive_ = head.keep_alive && !draining_;
  continue_wanted_ = head.expects_continue;
  watch_wanted_ = false;
  content_length_ = head.content_length;
  body_bytes_read_ = 0;
  body_bytes_sent_ = 0;
  body_limit_ = UINT64_MAX;
  const bool has_body = head.has_body;
  auto request = make_request(std::move(head));
  if (has_body) request.set_body(make_body());

  if (auto response = context_.router.first(request)) {
    co_await respond(request, *response);
    co_return;
  }
  if (auto error = context_.router.match(request)) {
    // OPTIONS, and everything else `dispatch` knows about paths without this method.
    auto response = co_await context_.router.dispatch(request);
    co_await respond(request, response);
    co_return;
  }
  if (request.route()->websocket && is_websocket_upgrade(request)) {
    co_await upgrade(request);
    co_return;
  }
  if (content_length_ > 0 && static_cast<std::uint64_t>(content_length_) > body_limit_) {
    auto response = context_.router.error(request, too_large());
    co_await respond(request, response);
    co_return;
  }
  Response response;
  const bool answered = co_await handle(request, response);
  if (answered) {
    co_await respond(request, response);
  } else {
    record(request, 499);
  }
}

// Runs the handler while the client is watched. False when the client went away.
awaitable<bool> Connection::handle(Request& request, Response& response) {
  const auto limit = request.route()->options.handler_time_max;
  if (limit.count() > 0) {
    enter(Phase::Handler, limit);
    request.set_deadline(request.started() + limit);
  } else {
    enter(Phase::Handler);
  }
  handling_ = true;
  // Runs only if the handler has to wait for something; an instant one is over before.
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->start_watch(); });
  bool cancelled = false;
  try {
    response = co_await context_.router.run(request);
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  handling_ = false;
  if (gone_) {
    response.finished(0, false);
    co_return false;
  }
  if (std::exchange(timed_out_, false)) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (cancelled) response = context_.router.error(request, {504, "The request took too long"});
  }
  co_return true;
}

// Sends a response of any kind, and leaves the connection ready for the next request or closing.
awaitable<> Connection::respond(Request& request, Response& response) {
  // A client that waits for "100 Continue" and gets an answer may or may not send its body.
  if (draining_ || (body_unread() && continue_wanted_)) keep_alive_ = false;
  if (body_unread() && content_length_ > kSkippedBytesMax) keep_alive_ = false;
  bool complete = false;
  if (response.is_stream()) complete = co_await stream(request, response);
  if (!response.is_stream()) {
    complete = co_await send(head_text(request, response, false), response.body());
    if (complete) body_bytes_sent_ = response.body().size();
  }
  if (!complete || end_of_input_) keep_alive_ = false;
  response.finished(body_bytes_sent_, complete);
  record(request, complete ? response.status : 499);
  if (body_unread() && keep_alive_) co_await skip_body();
  if (body_unread()) {
    keep_alive_ = false;
    linger_ = true;
  }
  parser_.reset();
}

// True when all of it was sent. A producer that fails before its first byte leaves an error
// response in `response` instead.
awaitable<bool> Connection::stream(Request& request, Response& response) {
  const auto length = response.stream_length();
  chunked_ = !length && request.version() >= 11;
  if (!length && !chunked_) keep_alive_ = false;
  stream_head_ = head_text(request, response, chunked_);
  head_started_ = false;
  enter(Phase::Stream);
  handling_ = true;
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->start_watch(); });
  std::exception_ptr failure;
  try {
    co_await response.write_body(*this);
    co_await finish_stream();
  } catch (...) {
    failure = std::current_exception();
  }
  handling_ = false;
  keep_alive_text_ = {};
  keep_alive_at_ = kNever;
  if (!failure) co_return !length || *length == body_bytes_sent_;
  if (!gone_ && !head_started_) {
    response.finished(0, false);
    response = context_.router.exception(request, failure);
  }
  co_return false;
}

void Connection::record(const Request& request, int status) {
  const auto& observer = context_.options.observer;
  if (!observer) return;
  observer(
      {.method = request.method_text(),
       .pattern = request.route() ? std::string_view(request.route()->pattern) : std::string_view(),
       .request_id = request.id(),
       .client_request_id = request.header("x-client-request-id"),
       .status = status,
       .duration = Clock::now() - request.started(),
       .body_bytes_received = body_bytes_read_,
       .body_bytes_sent = body_bytes_sent_});
}

void Connection::enter(Phase phase, std::chrono::nanoseconds limit) {
  phase_ = phase;
  deadline_.store((Clock::now() + limit).time_since_epoch().count(), std::memory_order_relaxed);
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  deadline_.store(kNever, std::memory_order_relaxed);
}

void Connection::tick(Clock::time_point now) {
  const auto ticks = now.time_since_epoch().count();
  if (deadline_.load(std::memory_order_relaxed) <= ticks) {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->deadline_passed(); });
  }
  if (keep_alive_at_.load(std::memory_order_relaxed) <= ticks) {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->send_keep_alive(); });
  }
}

// Looks again, on the strand: the phase may have changed since the tick.
void Connection::deadline_passed() {
  if (deadline_.load() > Clock::now().time_since_epoch().count()) return;
  deadline_.store(kNever);
  timed_out_ = phase_ == Phase::Head || phase_ == Phase::Body || phase_ == Phase::Handler;
  boost::system::error_code ignored;
  switch (phase_) {
    case Phase::Head:
    case Phase::Body: stream_.socket().cancel(ignored); return;
    case Phase::Handler:
      if (handling_) cancel_.emit(asio::cancellation_type::terminal);
      return;
    case Phase::Stream:
    case Phase::Write: client_gone(); return;
    case Phase::Handshake:
    case Phase::Idle:
    case Phase::WebSocket:
    case Phase::Linger: stream_.close(); return;
  }
}

}  // namespace http::detail
