// Writing: whole responses in one piece, streams through a bounded buffer.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>

#include "http/server/connection.h"

namespace http::detail {
namespace {

// Smaller bodies are copied behind their head: one buffer, one packet, one TLS record.
constexpr std::size_t kCopiedBodyBytes = 16 * 1024;
// A reader gets the stall limit for each piece of this size.
constexpr std::size_t kPieceBytes = 256 * 1024;

// "Sun, 06 Nov 1994 08:49:37 GMT", formatted once a second.
std::string_view http_date() {
  thread_local std::time_t formatted = 0;
  thread_local std::array<char, 40> text;
  thread_local std::size_t size = 0;
  const auto now = std::time(nullptr);
  if (now != formatted) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    formatted = now;
  }
  return {text.data(), size};
}

}  // namespace

std::string Connection::head_text(const Request& request, const Response& response,
                                  bool chunked) const {
  std::string text;
  text.reserve(512 + (response.body().size() <= kCopiedBodyBytes ? response.body().size() : 0));
  fmt::format_to(std::back_inserter(text), "HTTP/1.1 {} {}\r\n", response.status,
                 reason_phrase(response.status));
  for (const auto& [name, value] : response.headers) {
    // A value from elsewhere must not be able to begin a second response.
    if (!is_token(name) || !is_field_value(value)) continue;
    text.append(name).append(": ").append(value).append("\r\n");
  }
  text.append("date: ").append(http_date()).append("\r\n");
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (chunked) {
    text += "transfer-encoding: chunked\r\n";
  } else if (response.stream_length()) {
    fmt::format_to(std::back_inserter(text), "content-length: {}\r\n", *response.stream_length());
  } else if (!bodiless && !response.is_stream() && request.method() != Method::Head) {
    fmt::format_to(std::back_inserter(text), "content-length: {}\r\n", response.body().size());
  }
  if (!keep_alive_) {
    text += "connection: close\r\n";
  } else if (request.version() < 11) {
    text += "connection: keep-alive\r\n";
  }
  return text += "\r\n";
}

// False when the client did not take it.
awaitable<bool> Connection::send(std::string head, const std::string& body) {
  if (body.size() <= kCopiedBodyBytes) {
    head += body;
    co_return co_await send_all(head);
  }
  const bool sent = co_await send_all(head);
  co_return sent&& co_await send_all(body);
}

awaitable<bool> Connection::send_all(std::string_view bytes) {
  const PhaseScope scope(*this);
  enter(Phase::Write, limits().write_stall_time_max);
  // A probe may still be on its way out.
  while (write_active_ && !write_failed_ && !gone_) {
    boost::system::error_code ignored;
    co_await written_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  while (!bytes.empty() && !gone_ && !write_failed_) {
    enter(Phase::Write, limits().write_stall_time_max);
    const auto piece = bytes.substr(0, kPieceBytes);
    boost::system::error_code error;
    co_await asio::async_write(stream_, asio::buffer(piece.data(), piece.size()),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) write_failed_ = true;
    bytes.remove_prefix(piece.size());
  }
  if (write_failed_) gone_ = true;
  co_return !gone_;
}

awaitable<> Connection::write(std::string_view bytes) {
  if (bytes.empty()) co_return;
  append_body(bytes);
  start_write();
  if (pending_.size() > limits().stream_buffer_bytes_max) {
    co_await wait_for_output(limits().stream_buffer_bytes_max);
  }
  if (write_failed_ || gone_) throw boost::system::system_error(asio::error::operation_aborted);
}

awaitable<> Connection::flush() {
  co_await wait_for_output(0);
}

void Connection::append_body(std::string_view bytes) {
  if (!head_started_) {
    head_started_ = true;
    pending_ += stream_head_;
    stream_head_ = {};
  }
  body_bytes_sent_ += bytes.size();
  if (chunked_) fmt::format_to(std::back_inserter(pending_), "{:x}\r\n", bytes.size());
  pending_ += bytes;
  if (chunked_) pending_ += "\r\n";
}

awaitable<> Connection::finish_stream() {
  if (!head_started_) append_body({});
  // The empty first chunk that `append_body` wrote for an empty body already is the last one.
  if (chunked_) pending_ += body_bytes_sent_ > 0 ? "0\r\n\r\n" : "";
  start_write();
  co_await wait_for_output(0);
}

// Until no more than `bytes_max` wait (and for 0, until nothing is under way).
awaitable<> Connection::wait_for_output(std::size_t bytes_max) {
  while (!write_failed_ && !gone_ &&
         (pending_.size() > bytes_max || (bytes_max == 0 && write_active_))) {
    boost::system::error_code ignored;
    co_await written_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (write_failed_ || gone_) throw boost::system::system_error(asio::error::operation_aborted);
}

// One write at a time; whatever was appended meanwhile leaves together in the next.
void Connection::start_write() {
  if (write_active_ || write_failed_ || gone_ || pending_.empty()) return;
  write_active_ = true;
  writing_.swap(pending_);
  if (phase_ == Phase::Stream) enter(Phase::Stream, limits().write_stall_time_max);
  asio::async_write(stream_, asio::buffer(writing_),
                    [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                      self->written(error);
                    });
}

void Connection::written(boost::system::error_code error) {
  write_active_ = false;
  writing_.clear();
  if (writing_.capacity() > kCopiedBodyBytes) writing_.shrink_to_fit();
  if (error) {
    write_failed_ = true;
    client_gone();
  } else if (!pending_.empty()) {
    start_write();
  } else if (phase_ == Phase::Stream) {
    enter(Phase::Stream);
    if (!keep_alive_text_.empty()) {
      keep_alive_at_ = (Clock::now() + limits().sse_keep_alive_interval).time_since_epoch().count();
    }
  }
  written_.cancel();
}

void Connection::keep_alive_with(std::string_view text) {
  keep_alive_text_ = text;
  keep_alive_at_ = (Clock::now() + limits().sse_keep_alive_interval).time_since_epoch().count();
}

void Connection::send_keep_alive() {
  keep_alive_at_ = kNever;  // set again when the write has ended
  if (phase_ != Phase::Stream || keep_alive_text_.empty() || write_active_) return;
  append_body(keep_alive_text_);
  start_write();
}

}  // namespace http::detail
