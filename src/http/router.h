// Maps requests to handlers, runs middleware around them, and turns everything that goes wrong into
// a response. Serves connections and in-process callers alike.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits/http.h"
#include "http/request.h"
#include "http/response.h"

namespace http {

class WebSocket;

using Handler = std::function<awaitable<Response>(Request&)>;
using WebSocketHandler = std::function<awaitable<>(WebSocket&, Request&)>;

struct RouteOptions {
  // Also the default limit of Request::body; a declared larger body is refused unread.
  std::uint64_t body_bytes_max = limits::http_json_body_bytes_max;
  // From the head to the response, not counting a streamed body; zero means no limit.
  std::chrono::nanoseconds handler_time_max{0};
  // Free words for middleware, such as "public" for a route that needs no key.
  std::vector<std::string> tags = {};
  // For WebSocket routes: subprotocols served, best first.
  std::vector<std::string> websocket_protocols = {};

  bool has_tag(std::string_view tag) const;
};

struct Route {
  Method method = Method::Get;
  std::string pattern;  // "/v1/files/{file_id}"
  RouteOptions options;
  Handler handler;
  WebSocketHandler websocket;  // instead of a handler, on routes that upgrade
};

// Something HTTP itself refuses: no route, wrong method, too large, malformed...
struct HttpError {
  int status = 500;
  std::string message;
  // For 405: the methods the path has, as in the Allow header, and its pattern with parameters
  // shown as `*`.
  std::string allow = {};
  std::string pattern = {};
};

// How errors look. Both have plain-text defaults.
struct ErrorRenderer {
  // An error of HTTP's. `request` may be a half-read one, with an empty target.
  std::function<Response(const Request& request, const HttpError& error)> http_error;
  // An exception out of a handler or middleware. Never operation_aborted of a gone client.
  std::function<Response(const Request& request, std::exception_ptr exception)> exception;
};

// What middleware says about a request before it is routed: nothing (go on), or how it ends.
using Verdict = std::variant<std::monostate, Response, HttpError>;

// Around every request. Owned by the router; its methods run on the request's executor.
class Middleware {
 public:
  virtual ~Middleware() = default;
  // In order of registration, before routing. For what holds for every path: preflights, hosts.
  // A response or an error ends the request here.
  virtual Verdict first(Request&) { return {}; }
  // In order of registration, once a route has matched. A response ends the request here.
  virtual awaitable<std::optional<Response>> before(Request&) { co_return std::nullopt; }
  // In reverse order, for every response including errors; before the head is sent. Not for time
  // spent in streaming: see Response::on_finished.
  virtual void after(const Request&, Response&) {}
};

// Set up by one thread before it serves; then any thread may dispatch.
class Router {
 public:
  Router();
  ~Router();

  void get(std::string pattern, Handler handler, RouteOptions options = {});
  void post(std::string pattern, Handler handler, RouteOptions options = {});
  void put(std::string pattern, Handler handler, RouteOptions options = {});
  void patch(std::string pattern, Handler handler, RouteOptions options = {});
  void del(std::string pattern, Handler handler, RouteOptions options = {});
  // `router.get("/v1/files/{file_id}", this, &FilesRoutes::retrieve)`
  template <class T>
  void get(std::string pattern, T* object, awaitable<Response> (T::*method)(Request&),
           RouteOptions options = {}) {
    get(std::move(pattern), bound(object, method), std::move(options));
  }
  template <class T>
  void post(std::string pattern, T* object, awaitable<Response> (T::*method)(Request&),
            RouteOptions options = {}) {
    post(std::move(pattern), bound(object, method), std::move(options));
  }
  template <class T>
  void put(std::string pattern, T* object, awaitable<Response> (T::*method)(Request&),
           RouteOptions options = {}) {
    put(std::move(pattern), bound(object, method), std::move(options));
  }
  template <class T>
  void patch(std::string pattern, T* object, awaitable<Response> (T::*method)(Request&),
             RouteOptions options = {}) {
    patch(std::move(pattern), bound(object, method), std::move(options));
  }
  template <class T>
  void del(std::string pattern, T* object, awaitable<Response> (T::*method)(Request&),
           RouteOptions options = {}) {
    del(std::move(pattern), bound(object, method), std::move(options));
  }
  // A GET that upgrades to WebSocket. Middleware's `before` runs first and can refuse it.
  void websocket(std::string pattern, WebSocketHandler handler, RouteOptions options = {});

  // Patterns: literal segments, `{name}` for one segment, `{name...}` at the end for the rest.
  // A literal wins over a parameter, which wins over the rest. CHECKs against a duplicate.
  void add(Route route);

  void use(std::unique_ptr<Middleware> middleware);
  void set_error_renderer(ErrorRenderer renderer);

  // Finds the route, runs middleware and handler. HEAD runs GET's handler and drops the body.
  // Never throws, except when the calling coroutine is cancelled (operation_aborted). The response
  // may refer to the request, which must outlive it.
  awaitable<Response> dispatch(Request& request) const;
  // An error response with everything a response of ours carries.
  Response error(const Request& request, const HttpError& error) const;
  // The response to an exception a body producer threw before its first byte.
  Response exception(const Request& request, std::exception_ptr exception) const;
  // The steps of `dispatch`, for the server, which handles WebSocket upgrades between them.
  // Middleware's `first`; a response when one of them ended the request.
  std::optional<Response> first(Request& request) const;
  // `match` sets the request's route; an error when there is none.
  std::optional<HttpError> match(Request& request) const;
  // All of middleware's `before`; a response when one of them ended the request.
  awaitable<std::optional<Response>> before(Request& request) const;
  // Runs a matched request, with `before` and `after`.
  awaitable<Response> run(Request& request) const;

  // All of middleware's `after`.
  void finish(const Request& request, Response& response) const;

  std::vector<const Route*> routes() const;

 private:
  struct Node;

  template <class T>
  static Handler bound(T* object, awaitable<Response> (T::*method)(Request&)) {
    return [object, method](Request& request) { return (object->*method)(request); };
  }

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::vector<std::unique_ptr<Middleware>> middleware_;
  ErrorRenderer renderer_;
};

}  // namespace http
