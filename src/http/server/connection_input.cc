// Reading: filling the buffer, decoding bodies, and watching the client while a handler runs.
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "http/server/connection.h"
#include "base/limits/http.h"

namespace http::detail {
namespace {

constexpr std::size_t kHeadReadBytes = 4 * 1024;
// For bodies that do not fit into the first reads.
constexpr std::size_t kBodyReadBytes = 64 * 1024;
// While a handler runs, no more than this is taken from a client that pipelines requests.
constexpr std::size_t kPipelinedBytesMax = 64 * 1024;

}  // namespace

// The body of the running request. Owned by the Request, which does not outlive the connection's
// coroutine.
class Connection::Body final : public BodySource {
 public:
  explicit Body(Connection& connection) : connection_(connection) {}
  awaitable<Result<std::size_t>> read_some(std::span<char> buffer) override {
    return connection_.read_body(buffer);
  }
  std::int64_t size_hint() const override { return connection_.content_length_; }
  void set_limit(std::uint64_t bytes_max) override { connection_.body_limit_ = bytes_max; }

 private:
  Connection& connection_;
};

std::unique_ptr<BodySource> Connection::make_body() {
  return std::make_unique<Body>(*this);
}

HttpError Connection::too_large() const {
  return {413, fmt::format("Maximum content size limit ({}) exceeded ({} bytes read)", body_limit_,
                           std::max<std::uint64_t>(body_bytes_read_,
                                                   content_length_ < 0 ? 0 : content_length_))};
}

// Reads more into input_. Waits for the watching read when one is pending: two reads at once would
// race for the bytes.
awaitable<boost::system::error_code> Connection::fill() {
  if (watching_) {
    while (watching_) {
      boost::system::error_code ignored;
      co_await watch_ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return read_error_;
  }
  if (read_error_) co_return read_error_;
  const bool body = phase_ == Phase::Body && input_.size() + body_bytes_read_ > kHeadReadBytes;
  const auto space = input_.prepare(body ? kBodyReadBytes : kHeadReadBytes);
  boost::system::error_code error;
  const auto n = co_await stream_.async_read_some(asio::buffer(space.data(), space.size()),
                                                  asio::redirect_error(asio::use_awaitable, error));
  input_.commit(n);
  // Cancelled by its limit: the stream is fine, and the answer still has to go out.
  if (error && !timed_out_) read_error_ = error;
  co_return error;
}

awaitable<Result<std::size_t>> Connection::read_body(std::span<char> buffer) {
  if (content_length_ > 0 && static_cast<std::uint64_t>(content_length_) > body_limit_) {
    co_return fail(ErrorCode::TooLarge, too_large().message);
  }
  const PhaseScope scope(*this);
  while (parser_ && !parser_->done()) {
    if (std::exchange(continue_wanted_, false) && input_.empty()) {
      const bool sent = co_await send_all("HTTP/1.1 100 Continue\r\n\r\n");
      if (!sent) co_return fail(ErrorCode::Cancelled, "The client went away.");
    }
    const auto progress = parser_->parse_body(input_.data(), buffer);
    input_.consume(progress.consumed);
    body_bytes_read_ += progress.produced;
    if (progress.malformed) {
      keep_alive_ = false;
      co_return fail(ErrorCode::InvalidRequest, "Malformed request: bad chunked body");
    }
    if (body_bytes_read_ > body_limit_) {
      co_return fail(ErrorCode::TooLarge, too_large().message);
    }
    if (parser_->done() && std::exchange(watch_wanted_, false)) start_watch();
    if (progress.produced > 0) co_return progress.produced;
    if (parser_->done()) break;
    // What is left undecoded is a chunk header or a trailer; those are short.
    if (input_.size() > kHeadReadBytes) {
      keep_alive_ = false;
      co_return fail(ErrorCode::InvalidRequest, "Malformed request: chunk header too long");
    }
    enter(Phase::Body, limits().body_idle_time_max);
    const auto error = co_await fill();
    if (std::exchange(timed_out_, false)) {
      keep_alive_ = false;
      co_return fail(ErrorCode::Timeout, "Request timeout: the body did not arrive in time");
    }
    if (error) {
      gone_ = true;
      co_return fail(ErrorCode::Cancelled, "The client went away before the body was complete.");
    }
  }
  co_return std::size_t{0};
}

// A handler that did not want the body: what is small is read and dropped to keep the connection.
awaitable<> Connection::skip_body() {
  std::array<char, 4096> scrap;
  body_limit_ = ::limits::http_linger_bytes_max;
  while (body_unread()) {
    auto n = co_await read_body(scrap);
    if (!n) break;
  }
}

// Lets the client read the answer before the connection closes: unread bytes in our receive buffer
// at close would make the kernel reset it (RFC 9112, section 9.6).
awaitable<> Connection::linger() {
  boost::system::error_code error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  enter(Phase::Linger, ::limits::http_linger_time_max);
  std::size_t total = 0;
  while (!error && total < ::limits::http_linger_bytes_max) {
    input_.consume(input_.size());
    error = co_await fill();
    total += input_.size();
  }
}

// Begins to watch, unless the handler is done or still has a body to read: then its own reads
// notice, and the last of them begins.
void Connection::start_watch() {
  if (!handling_ || watching_ || gone_ || end_of_input_) return;
  watch_wanted_ = body_unread();
  if (watch_wanted_) return;
  if (input_.size() >= kPipelinedBytesMax) return;
  watching_ = true;
  const auto space = input_.prepare(1024);
  stream_.async_read_some(asio::buffer(space.data(), space.size()),
                          [self = shared_from_this()](boost::system::error_code error,
                                                      std::size_t n) { self->watched(error, n); });
}

void Connection::watched(boost::system::error_code error, std::size_t bytes) {
  watching_ = false;
  watch_ended_.cancel();
  input_.commit(bytes);
  if (!error) return start_watch();
  if (timed_out_ && error == asio::error::operation_aborted) return;
  if (error == asio::error::eof && !stream_.encrypted()) {
    end_of_input_ = true;
    read_error_ = error;
    if (handling_) probe();
    return;
  }
  read_error_ = error;
  if (handling_) client_gone();
}

// The client has closed its sending side. Whether it still reads, only a write can tell: one that
// is gone answers it with a reset. What is written changes nothing for one that listens: a comment
// in an event stream, or an interim response (RFC 9110, section 15.2) before the real one.
void Connection::probe() {
  if (phase_ == Phase::Stream && !keep_alive_text_.empty()) {
    send_keep_alive();
  } else if (phase_ == Phase::Handler && parser_ && parser_->version() >= 11) {
    pending_ += "HTTP/1.1 100 Continue\r\n\r\n";
    start_write();
  }
  stream_.socket().async_wait(tcp::socket::wait_error,
                              [self = shared_from_this()](boost::system::error_code error) {
                                if (!error && self->handling_) self->client_gone();
                              });
}

void Connection::client_gone() {
  gone_ = true;
  if (handling_) cancel_.emit(asio::cancellation_type::terminal);
  stream_.close();
}

}  // namespace http::detail
