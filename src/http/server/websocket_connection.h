// The WebSocket protocol on an accepted connection, by Beast.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "http/request.h"
#include "http/response.h"
#include "http/server/stream.h"
#include "http/websocket.h"

namespace http::detail {

// What Beast asks of a stream type that is not its own.
void teardown(boost::beast::role_type role, Stream& stream, boost::system::error_code& error);
void beast_close_socket(Stream& stream);
template <class TeardownHandler>
void async_teardown(boost::beast::role_type, Stream& stream, TeardownHandler&& handler) {
  // The close frames have been exchanged; the connection itself ends when the handler has.
  boost::system::error_code error;
  stream.socket().shutdown(tcp::socket::shutdown_both, error);
  asio::post(stream.get_executor(), [handler = std::forward<TeardownHandler>(handler)]() mutable {
    handler(boost::system::error_code());
  });
}

// Whether the request asks for an upgrade that can be granted.
bool is_websocket_upgrade(const Request& request);

}  // namespace http::detail

namespace http {

// Owned by the connection's coroutine, on its strand.
class WebSocket::Connection {
 public:
  explicit Connection(detail::Stream& stream);

  // Sends the 101 response with the standard headers in it.
  awaitable<bool> accept(const Request& request, const Headers& headers);
  awaitable<Result<WebSocketMessage>> read();
  awaitable<Status> send(std::string_view bytes, bool is_text);
  awaitable<> close(CloseCode code, std::string_view reason);
  std::uint16_t close_code() const { return stream_.reason().code; }
  bool is_open() const { return stream_.is_open(); }
  const std::string& protocol() const { return protocol_; }

 private:
  // Without compression, which the handshake never agrees on.
  boost::beast::websocket::stream<detail::Stream&, false> stream_;
  std::string protocol_;
  bool sending_ = false;
  asio::steady_timer sent_;  // an event: cancelled when a send ends
};

}  // namespace http
