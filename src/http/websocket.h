// One WebSocket connection (RFC 6455), on the server's side.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"

namespace http {

struct WebSocketMessage {
  bool is_text = true;  // text is valid UTF-8
  std::string data;
};

// Close codes (RFC 6455, section 7.4.1).
enum class CloseCode : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  PolicyViolation = 1008,
  TooBig = 1009,
  InternalError = 1011,
  TryAgainLater = 1013,
};

// Lives while its handler runs. One coroutine may read while others write; all on the connection's
// executor. Pings are answered and sent, and a silent peer is dropped, without the handler's doing.
class WebSocket {
 public:
  class Connection;  // of the server
  explicit WebSocket(Connection& connection) : connection_(connection) {}

  // The next whole message. Cancelled when the connection has ended; `close_code` then tells how.
  awaitable<Result<WebSocketMessage>> read();
  // Returns when the message has been handed to the operating system; messages of several
  // coroutines leave one after the other. Cancelled when the connection has ended.
  awaitable<Status> send_text(std::string_view text);
  awaitable<Status> send_binary(std::string_view bytes);
  // Says goodbye; `read` and sending fail from now on. `reason`: at most 123 bytes.
  awaitable<> close(CloseCode code, std::string_view reason = {});
  // What the peer said when it closed; 0 when it said nothing.
  std::uint16_t close_code() const;
  bool is_open() const;
  // The subprotocol agreed on; empty for none.
  std::string_view protocol() const;

 private:
  Connection& connection_;
};

}  // namespace http
