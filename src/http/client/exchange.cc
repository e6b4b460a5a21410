#include "http/client/exchange.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>

namespace http::detail {

std::unique_ptr<Stream> ConnectionPool::take(const std::string& origin) {
  while (true) {
    auto stream = idle_.with([&](auto& idle) -> std::unique_ptr<Stream> {
      const auto it = idle.find(origin);
      if (it == idle.end()) return nullptr;
      auto& list = it->second;
      std::erase_if(list, [&](const Idle& entry) {
        return std::chrono::steady_clock::now() - entry.since > idle_time_max_;
      });
      if (list.empty()) {
        idle.erase(it);
        return nullptr;
      }
      auto newest = std::move(list.back().stream);
      list.pop_back();
      return newest;
    });
    if (!stream) return nullptr;
    // One that is readable while idle was closed by the server, or says what nobody asked for.
    char byte = 0;
    const auto n = ::recv(stream->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return stream;
  }
}

void ConnectionPool::give_back(const std::string& origin, std::unique_ptr<Stream> stream) {
  idle_.with([&](auto& idle) {
    auto& list = idle[origin];
    if (list.size() < per_origin_max_) {
      list.push_back({std::move(stream), std::chrono::steady_clock::now()});
    }
  });
}

void TimedStream::allow(std::chrono::milliseconds limit) {
  deadline_ = Clock::now() + limit;
  if (timer_at_ > deadline_) wait();
}

void TimedStream::wait() {
  timer_at_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self || !self->stream) return;
    self->timer_at_ = Clock::time_point::max();
    if (Clock::now() < self->deadline_) return self->wait();
    self->expired_ = true;
    self->stream->close();
  });
}

std::unique_ptr<Stream> TimedStream::release() {
  timer_.cancel();
  return expired_ ? nullptr : std::move(stream);
}

void TimedStream::close() {
  timer_.cancel();
  if (stream) stream->close();
}

}  // namespace http::detail

namespace http {
namespace {

using detail::Stream;
using tcp = asio::ip::tcp;

constexpr std::size_t kReplyReadBytes = 16 * 1024;

// Everything sent in one piece: a request that arrives in two packets costs a round trip more on
// some servers.
Result<std::string> request_text(const ClientRequest& request, const Url& url) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\n", name(request.method), url.target,
                                 url.host_and_port());
  for (const auto& [name, value] : request.headers) {
    const bool framing = iequals(name, "host") || iequals(name, "content-length") ||
                         iequals(name, "transfer-encoding") || iequals(name, "connection");
    if (framing || !is_token(name) || !is_field_value(value)) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("The header '{}' cannot be sent.", is_token(name) ? name : "?"));
    }
    text.append(name).append(": ").append(value).append("\r\n");
  }
  const bool bodiless = request.method == Method::Get || request.method == Method::Head;
  if (!request.body.empty() || !bodiless) {
    fmt::format_to(std::back_inserter(text), "content-length: {}\r\n", request.body.size());
  }
  text += "\r\n";
  return text;
}

}  // namespace

Client::State::State(asio::any_io_executor executor, ClientOptions opts)
    : executor(std::move(executor)),
      options(std::move(opts)),
      tls(asio::ssl::context::tls_client),
      pool(options.idle_connections_max, options.idle_connection_time_max) {
  boost::system::error_code ignored;
  tls.set_default_verify_paths(ignored);
  // A file that cannot be read leaves its servers untrusted, which the first call reports.
  if (!options.ca_path.empty()) tls.load_verify_file(options.ca_path, ignored);
  tls.set_verify_mode(asio::ssl::verify_peer, ignored);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(tls.native_handle(), SSL_MODE_RELEASE_BUFFERS);
}

ClientResponse::Exchange::Exchange(std::shared_ptr<Client::State> state,
                                   asio::any_io_executor strand, Url url, Method method)
    : state_(std::move(state)),
      url_(std::move(url)),
      method_(method),
      timed_(std::make_shared<detail::TimedStream>(std::move(strand))) {}

std::unexpected<Error> ClientResponse::Exchange::failed(std::string_view what,
                                                        const boost::system::error_code& error) {
  if (timed_->expired()) {
    return fail(ErrorCode::Timeout, fmt::format("{} took too long: {}", what, url_.origin()));
  }
  return fail(ErrorCode::UpstreamFailed,
              fmt::format("{} failed: {}: {}", what, url_.origin(), error.message()));
}

awaitable<Status> ClientResponse::Exchange::run(const ClientRequest& request) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    timed_->stream = attempt == 0 ? state_->pool.take(url_.origin()) : nullptr;
    reused_ = timed_->stream != nullptr;
    Status status;
    if (!reused_) status = co_await connect();
    if (!status) co_return fail(std::move(status.error()));
    timed_->allow(request.head_time_max.value_or(state_->options.idle_time_max));
    status = co_await write_request(request);
    if (status) status = co_await read_head();
    if (status) co_return Status();
    // A pooled connection may have been closed at the other end just now. Only what can be repeated
    // safely is sent again.
    const bool repeatable = method_ != Method::Post && method_ != Method::Patch;
    if (!reused_ || answered_ || timed_->expired() || !repeatable) {
      co_return fail(std::move(status.error()));
    }
    timed_->stream->close();
  }
  co_return fail(ErrorCode::UpstreamFailed, "The connection was closed: " + url_.origin());
}

awaitable<Status> ClientResponse::Exchange::connect() {
  timed_->stream = std::make_unique<Stream>(tcp::socket(state_->executor),
                                            url_.encrypted() ? &state_->tls : nullptr);
  timed_->allow(state_->options.connect_time_max);
  auto& stream = *timed_->stream;
  auto connected = co_await resolve_and_connect(stream.socket());
  if (!connected || !url_.encrypted()) co_return connected;
  SSL_set_tlsext_host_name(stream.ssl(), url_.host.c_str());
  stream.verify_host(url_.host);
  boost::system::error_code error;
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed("The TLS handshake", error);
  co_return Status();
}

// Looks the name up once, judges what it stands for, and connects to exactly that.
awaitable<Status> ClientResponse::Exchange::resolve_and_connect(tcp::socket& socket) {
  tcp::resolver resolver(state_->executor);
  boost::system::error_code error;
  const auto found = co_await resolver.async_resolve(
      url_.host, std::to_string(url_.port), tcp::resolver::numeric_service,
      asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed("Looking up the host", error);
  if (const auto& allowed = state_->options.address_policy) {
    for (const auto& entry : found) {
      if (allowed(entry.endpoint().address())) continue;
      co_return fail(ErrorCode::PermissionDenied,
                     "The address of " + url_.host + " is not one this server connects to.");
    }
  }
  if (timed_->expired()) co_return failed("Looking up the host", asio::error::timed_out);
  // Each address is tried on a fresh socket, which the expired timer would no longer close.
  const auto in_time = [timed = timed_](const auto&, const auto&) { return !timed->expired(); };
  co_await asio::async_connect(socket, found, in_time,
                               asio::redirect_error(asio::use_awaitable, error));
  if (timed_->expired()) error = asio::error::timed_out;
  if (error) co_return failed("Connecting", error);
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  co_return Status();
}

awaitable<Status> ClientResponse::Exchange::write_request(const ClientRequest& request) {
  auto text = request_text(request, url_);
  if (!text) co_return fail(std::move(text.error()));
  boost::system::error_code error;
  const std::array<asio::const_buffer, 2> parts{asio::buffer(*text), asio::buffer(request.body)};
  co_await asio::async_write(*timed_->stream, parts,
                             asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed("Sending the request", error);
  co_return Status();
}

awaitable<Status> ClientResponse::Exchange::read_head() {
  parser_ = std::make_unique<detail::ResponseParser>(method_ == Method::Head);
  while (true) {
    if (!input_.empty()) {
      const auto progress = parser_->parse(input_.data(), {});
      input_.consume(progress.consumed);
      if (progress.malformed) {
        co_return fail(ErrorCode::UpstreamFailed, "Malformed response from " + url_.origin());
      }
      if (parser_->head_done() && parser_->status() >= 200) co_return Status();
      if (parser_->done() && parser_->status() != 101) {
        parser_ = std::make_unique<detail::ResponseParser>(method_ == Method::Head);
        continue;
      }
      if (input_.size() > state_->options.head_bytes_max) {
        co_return fail(ErrorCode::UpstreamFailed,
                       "The response header is too large: " + url_.origin());
      }
    }
    auto filled = co_await fill();
    if (!filled) co_return filled;
  }
}

awaitable<Status> ClientResponse::Exchange::fill() {
  const auto space = input_.prepare(kReplyReadBytes);
  boost::system::error_code error;
  const auto n = co_await timed_->stream->async_read_some(
      asio::buffer(space.data(), space.size()), asio::redirect_error(asio::use_awaitable, error));
  input_.commit(n);
  if (error) co_return failed("Reading the response", error);
  answered_ = true;
  co_return Status();
}

awaitable<Result<std::size_t>> ClientResponse::Exchange::read_some(std::span<char> buffer) {
  if (parser_->content_length() > 0 &&
      static_cast<std::uint64_t>(parser_->content_length()) > bytes_max_) {
    co_return fail(ErrorCode::TooLarge, "The response is too large: " + url_.origin());
  }
  while (!parser_->done()) {
    const auto progress = parser_->parse(input_.data(), buffer);
    input_.consume(progress.consumed);
    bytes_read_ += progress.produced;
    if (progress.malformed) {
      co_return fail(ErrorCode::UpstreamFailed, "Malformed response from " + url_.origin());
    }
    if (bytes_read_ > bytes_max_) {
      co_return fail(ErrorCode::TooLarge, "The response is too large: " + url_.origin());
    }
    if (parser_->done()) finish();
    if (progress.produced > 0) co_return progress.produced;
    if (parser_->done()) break;
    timed_->allow(state_->options.idle_time_max);
    auto filled = co_await fill();
    if (filled) continue;
    if (!timed_->expired() && parser_->end_of_input()) break;
    co_return fail(std::move(filled.error()));
  }
  finish();
  co_return std::size_t{0};
}

// The response is complete: the connection can serve another.
void ClientResponse::Exchange::finish() {
  if (!timed_->stream || !parser_->keep_alive() || !input_.empty()) return;
  if (auto stream = timed_->release()) state_->pool.give_back(url_.origin(), std::move(stream));
}

}  // namespace http
