// A request: what the client sent, what the server knows about it, and access to its body.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "http/attachments.h"
#include "http/body.h"
#include "http/headers.h"
#include "http/query.h"
#include "http/status.h"

namespace http {

struct Route;

// What is the same for every request of a connection. In-process requests have the default one.
struct ConnectionFacts {
  std::string peer_address;  // "192.0.2.7", "::1"; empty in-process
  std::uint16_t peer_port = 0;
  bool peer_is_loopback = true;
  bool encrypted = false;
  std::string tls_version;  // "TLSv1.3"; empty when not encrypted
  std::string tls_cipher;
  std::string tls_server_name;     // what the client asked for (SNI)
  std::string tls_client_subject;  // of a verified client certificate; empty without one
};

// Lives as long as its handler runs, and for a streamed response until the last byte is written.
// One coroutine at a time. Movable, so in-process callers can build one and pass it on.
class Request {
 public:
  // `target` is the path with the query, encoded: "/v1/files?limit=2".
  Request(Method method, std::string target, Headers headers = {}, std::string body = {});
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  ~Request();

  Method method() const { return method_; }
  // As the client wrote it; for a method we do not know.
  std::string_view method_text() const { return method_text_; }
  std::string_view target() const { return target_; }
  // The encoded path, without the query.
  std::string_view path() const { return std::string_view(target_).substr(0, path_size_); }
  const Query& query() const;
  const Headers& headers() const { return headers_; }
  Headers& headers() { return headers_; }
  std::string_view header(std::string_view name) const { return headers_.get(name); }
  // 10 for HTTP/1.0, 11 for HTTP/1.1.
  int version() const { return version_; }

  // A decoded path parameter of the matched route; CHECKs that the route has it.
  std::string_view path_param(std::string_view name) const;
  // The same as a distinct id type: `request.path<FileId>("file_id")`.
  template <class T>
  T path(std::string_view name) const {
    return T{std::string(path_param(name))};
  }
  // nullptr until a route matched.
  const Route* route() const { return route_; }

  // --- Body. Either `body` or `read_some` until 0, once.
  // The whole body; TooLarge beyond the smaller of `bytes_max` and the route's limit.
  awaitable<Result<std::string>> body(std::uint64_t bytes_max = UINT64_MAX);
  // See BodySource::read_some.
  awaitable<Result<std::size_t>> read_some(std::span<char> buffer);
  // From Content-Length; nothing when the client did not say (chunked).
  std::optional<std::uint64_t> content_length() const;
  // The media type of Content-Type, lower case, without parameters: "application/json".
  std::string media_type() const;

  // --- Who and when.
  const ConnectionFacts& connection() const { return *connection_; }
  // `req_` + 32 hex, made by the server. A client's own X-Client-Request-Id is never used as one.
  const std::string& id() const { return id_; }
  std::chrono::steady_clock::time_point started() const { return started_; }
  // When the route's time is over; the handler is then cancelled and the client gets 504.
  std::optional<std::chrono::steady_clock::time_point> deadline() const { return deadline_; }

  // --- What middleware leaves for the handler, one value per type.
  template <class T>
  T& attach(T value) {
    return attachments_.attach(std::move(value));
  }
  template <class T>
  T* find() const {
    return attachments_.find<T>();
  }
  // CHECKs that it was attached.
  template <class T>
  T& get() const {
    T* value = find<T>();
    check_attached(value != nullptr);
    return *value;
  }

  // --- For the server and for in-process callers.
  void set_id(std::string id) { id_ = std::move(id); }
  void set_connection(std::shared_ptr<const ConnectionFacts> facts) {
    connection_ = std::move(facts);
  }
  void set_body(std::unique_ptr<BodySource> source) { body_ = std::move(source); }
  void set_version(int version) { version_ = version; }
  void set_method_text(std::string text) { method_text_ = std::move(text); }
  void set_started(std::chrono::steady_clock::time_point time) { started_ = time; }
  void set_deadline(std::chrono::steady_clock::time_point time) { deadline_ = time; }
  void set_route(const Route* route, std::vector<std::pair<std::string_view, std::string>> params);

 private:
  static void check_attached(bool attached);

  Method method_;
  int version_ = 11;
  std::size_t path_size_ = 0;
  std::string target_;
  std::string method_text_;
  Headers headers_;
  mutable std::optional<Query> query_;  // read at first use
  const Route* route_ = nullptr;
  std::vector<std::pair<std::string_view, std::string>> path_params_;  // names live in the route
  std::unique_ptr<BodySource> body_;
  std::shared_ptr<const ConnectionFacts> connection_;  // shared by the requests of a connection
  std::string id_;
  std::chrono::steady_clock::time_point started_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  Attachments attachments_;
};

}  // namespace http
