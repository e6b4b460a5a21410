// A response: status, headers, and a body that is either here or produced while it is sent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "http/body.h"
#include "http/headers.h"
#include "http/sse.h"

namespace http {

// Writes a body. Called once; the response owns it until its coroutine has ended, so the function
// object may hold state, but must not itself be a capturing-lambda coroutine.
using BodyProducer = std::move_only_function<awaitable<>(BodyWriter&)>;

// `object->*method(writer, arguments...)` or `function(writer, arguments...)`, called later: the
// arguments are moved into the coroutine's own parameters, which it takes by value.
template <class Object, class Method, class... Args>
auto bind_later(Object* object, Method method, Args... args) {
  return [object, method, bound = std::tuple(std::move(args)...)](auto& writer) mutable {
    return std::apply(
        [&](auto&... values) { return (object->*method)(writer, std::move(values)...); }, bound);
  };
}

class Response {
 public:
  int status = 200;
  Headers headers;

  Response() = default;
  explicit Response(int status) : status(status) {}

  // application/json; `body` is already JSON text.
  static Response json(std::string body, int status = 200);
  static Response text(std::string body, int status = 200,
                       std::string_view content_type = "text/plain; charset=utf-8");
  static Response bytes(std::string body, std::string_view content_type);
  // No body: 204 and the like.
  static Response empty(int status = 204);

  // A body of `length` bytes (or chunked, when not given) that the producer writes after the
  // handler has returned. Nothing is sent before the first write, so a producer that throws before
  // it still becomes a proper error response.
  static Response stream(std::string_view content_type, BodyProducer producer,
                         std::optional<std::uint64_t> length = std::nullopt);
  // text/event-stream: `awaitable<> Class::method(SseWriter&, Args...)` writes the events.
  //   co_return Response::sse(this, &ChatRoutes::stream, std::move(events));
  template <class Object, class Method, class... Args>
  static Response sse(Object* object, Method method, Args... args) {
    return sse_from(bind_later(object, method, std::move(args)...));
  }
  // The same with any callable `awaitable<>(SseWriter&)` that is not a capturing-lambda coroutine.
  static Response sse_from(std::move_only_function<awaitable<>(SseWriter&)> producer);
  // A file, read on the pool in pieces; honours nothing but the whole file. NotFound when absent.
  static Result<Response> file(asio::thread_pool& pool, const std::string& path,
                               std::string_view content_type);

  bool is_stream() const { return static_cast<bool>(producer_); }
  const std::string& body() const { return body_; }
  std::string& body() { return body_; }
  std::optional<std::uint64_t> stream_length() const { return stream_length_; }
  std::string_view header(std::string_view name) const { return headers.get(name); }

  // Drops the body, full or streamed: for HEAD.
  void drop_body();

  // Writes the body, whichever kind it is, to `writer`. Once.
  awaitable<> write_body(BodyWriter& writer);
  // The whole body as text, also of a stream: for in-process callers. TooLarge beyond the limit.
  awaitable<Result<std::string>> collect(std::size_t bytes_max);

  // Runs when the last byte was sent or sending failed: bytes sent and whether all of it was.
  // For metering and for releasing what the stream held. Must not throw.
  void on_finished(std::move_only_function<void(std::uint64_t bytes, bool complete)> callback);
  void finished(std::uint64_t bytes, bool complete);

 private:
  std::string body_;
  BodyProducer producer_;
  std::optional<std::uint64_t> stream_length_;
  std::vector<std::move_only_function<void(std::uint64_t, bool)>> finished_;
};

}  // namespace http
