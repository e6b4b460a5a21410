#include "http/server/websocket_connection.h"

#include <boost/beast/core/flat_buffer.hpp>

#include "base/limits/http.h"
#include "http/router.h"

namespace http::detail {

void teardown(boost::beast::role_type, Stream& stream, boost::system::error_code& error) {
  stream.socket().shutdown(tcp::socket::shutdown_both, error);
}

void beast_close_socket(Stream& stream) {
  stream.close();
}

bool is_websocket_upgrade(const Request& request) {
  const auto& headers = request.headers();
  return request.method() == Method::Get && request.version() >= 11 &&
         headers.has_token("connection", "upgrade") && headers.has_token("upgrade", "websocket") &&
         headers.get("sec-websocket-version") == "13" && headers.count("sec-websocket-key") == 1;
}

}  // namespace http::detail

namespace http {
namespace {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

// Beast reads the handshake from its own request type.
beast::http::request<beast::http::empty_body> handshake_of(const Request& request) {
  beast::http::request<beast::http::empty_body> out(beast::http::verb::get,
                                                    std::string(request.target()), 11);
  for (const auto& [name, value] : request.headers()) {
    out.insert(boost::string_view(name.data(), name.size()),
               boost::string_view(value.data(), value.size()));
  }
  return out;
}

std::string agreed_protocol(const Request& request) {
  for (const auto& protocol : request.route()->options.websocket_protocols) {
    if (request.headers().has_token("sec-websocket-protocol", protocol)) return protocol;
  }
  return {};
}

}  // namespace

WebSocket::Connection::Connection(detail::Stream& stream)
    : stream_(stream), sent_(stream.get_executor(), asio::steady_timer::time_point::max()) {
  stream_.read_message_max(limits::websocket_message_bytes_max);
  stream_.set_option(ws::stream_base::timeout{
      .handshake_timeout = limits::http_header_time_max,
      .idle_timeout = limits::websocket_idle_time_max,
      .keep_alive_pings = true,
  });
  stream_.auto_fragment(false);
}

awaitable<bool> WebSocket::Connection::accept(const Request& request, const Headers& headers) {
  protocol_ = agreed_protocol(request);
  stream_.set_option(ws::stream_base::decorator([&](ws::response_type& response) {
    for (const auto& [name, value] : headers) {
      response.set(boost::string_view(name.data(), name.size()),
                   boost::string_view(value.data(), value.size()));
    }
    response.erase(beast::http::field::server);
    if (!protocol_.empty()) response.set(beast::http::field::sec_websocket_protocol, protocol_);
  }));
  const auto handshake = handshake_of(request);
  boost::system::error_code error;
  co_await stream_.async_accept(handshake, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

awaitable<Result<WebSocketMessage>> WebSocket::Connection::read() {
  WebSocketMessage message;
  auto buffer = asio::dynamic_buffer(message.data);
  boost::system::error_code error;
  co_await stream_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return fail(ErrorCode::Cancelled, "The WebSocket was closed.");
  message.is_text = stream_.got_text();
  co_return message;
}

awaitable<Status> WebSocket::Connection::send(std::string_view bytes, bool is_text) {
  boost::system::error_code error;
  while (sending_) {
    co_await sent_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  sending_ = true;
  stream_.text(is_text);
  co_await stream_.async_write(asio::buffer(bytes.data(), bytes.size()),
                               asio::redirect_error(asio::use_awaitable, error));
  sending_ = false;
  sent_.cancel();
  if (error) co_return fail(ErrorCode::Cancelled, "The WebSocket was closed.");
  co_return Status();
}

awaitable<> WebSocket::Connection::close(CloseCode code, std::string_view reason) {
  if (!stream_.is_open()) co_return;
  constexpr std::size_t kReasonBytesMax = 123;  // a control frame holds 125
  ws::close_reason why(static_cast<ws::close_code>(code));
  why.reason.assign(reason.data(), std::min(reason.size(), kReasonBytesMax));
  boost::system::error_code ignored;
  co_await stream_.async_close(why, asio::redirect_error(asio::use_awaitable, ignored));
}

awaitable<Result<WebSocketMessage>> WebSocket::read() {
  co_return co_await connection_.read();
}
awaitable<Status> WebSocket::send_text(std::string_view text) {
  co_return co_await connection_.send(text, true);
}
awaitable<Status> WebSocket::send_binary(std::string_view bytes) {
  co_return co_await connection_.send(bytes, false);
}
awaitable<> WebSocket::close(CloseCode code, std::string_view reason) {
  co_await connection_.close(code, reason);
}
std::uint16_t WebSocket::close_code() const {
  return connection_.close_code();
}
bool WebSocket::is_open() const {
  return connection_.is_open();
}
std::string_view WebSocket::protocol() const {
  return connection_.protocol();
}

}  // namespace http
