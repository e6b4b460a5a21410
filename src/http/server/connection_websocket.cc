// Requests that become WebSocket connections.
#include "base/log.h"
#include "http/server/connection.h"
#include "http/server/websocket_connection.h"

namespace http::detail {
namespace {

// Tells the peer why, as a coroutine of its own beside the one that reads.
awaitable<> say_goodbye(std::shared_ptr<void> owner, WebSocket::Connection* socket) {
  co_await socket->close(CloseCode::GoingAway, "The server is shutting down.");
  owner.reset();
}

}  // namespace

// Runs middleware, which may refuse, then the handler; the connection ends with it.
awaitable<> Connection::upgrade(Request& request) {
  keep_alive_ = false;
  Response response(101);
  bool refused = false;
  std::exception_ptr failure;
  try {
    auto early = co_await context_.router.before(request);
    refused = early.has_value();
    if (early) response = std::move(*early);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    response = context_.router.exception(request, failure);
    refused = true;
  } else {
    context_.router.finish(request, response);
  }
  // Frames before the handshake is over belong to no one.
  if (!refused && (watching_ || !input_.empty() || body_unread())) {
    response = context_.router.error(request, {400, "Malformed request: data before the upgrade"});
    refused = true;
  }
  if (refused) {
    co_await respond(request, response);
    co_return;
  }
  co_await run_websocket(request, response);
}

awaitable<> Connection::run_websocket(Request& request, const Response& response) {
  auto socket = std::make_shared<WebSocket::Connection>(stream_);
  enter(Phase::WebSocket);
  const bool accepted = co_await socket->accept(request, response.headers);
  if (accepted && !gone_) {
    websocket_ = socket;
    handling_ = true;
    WebSocket handle(*socket);
    CloseCode code = CloseCode::Normal;
    try {
      co_await request.route()->websocket(handle, request);
    } catch (const std::exception& e) {
      if (!gone_) LOG(Error, "{}: {}", request.route()->pattern, e.what());
      code = CloseCode::InternalError;
    }
    handling_ = false;
    websocket_.reset();
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (!gone_) co_await socket->close(code, {});
  }
  record(request, accepted ? 101 : 499);
  parser_.reset();
}

void Connection::drain_websocket() {
  auto socket = websocket_.lock();
  if (!socket) return;
  auto owner = std::make_shared<
      std::pair<std::shared_ptr<Connection>, std::shared_ptr<WebSocket::Connection>>>(
      shared_from_this(), socket);
  asio::co_spawn(stream_.get_executor(), say_goodbye(std::move(owner), socket.get()),
                 asio::detached);
}

}  // namespace http::detail
