// Reads one HTTP/1.1 request: Beast's parser, with stricter rules around it where two readers of
// the same bytes could disagree (RFC 9112, sections 2.2, 5, 6 and 11.2).
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/headers.h"
#include "http/router.h"
#include "http/status.h"

namespace http::detail {

namespace beast = boost::beast;

// Finds the end of a head in a growing buffer, each byte looked at once.
class HeadScanner {
 public:
  enum class State { Incomplete, Complete, Malformed };
  // `text` is the buffer from the start of the head; it only grows between calls.
  State scan(std::string_view text);
  // After Complete: the size with the empty line. Before: bytes looked at.
  std::size_t size() const { return position_; }
  bool line_seen() const { return lines_ > 0; }

 private:
  std::size_t position_ = 0;  // start of the line being looked at
  std::size_t searched_ = 0;  // no line feed before this
  std::size_t lines_ = 0;
};

struct RequestHead {
  Method method = Method::Other;
  std::string method_text;
  std::string target;
  Headers headers;
  int version = 11;
  bool keep_alive = true;
  bool expects_continue = false;
  bool has_body = false;
  std::int64_t content_length = -1;  // -1: chunked, or no body
};

// One request. `parse_head` once, then `parse_body` until `done`.
class RequestParser final : private beast::http::basic_parser<true> {
 public:
  RequestParser();

  // `head` is complete, as HeadScanner found it.
  std::expected<RequestHead, HttpError> parse_head(std::string_view head,
                                                   std::size_t target_bytes_max);

  struct Progress {
    std::size_t consumed = 0;  // of `input`
    std::size_t produced = 0;  // into `output`
    bool malformed = false;
  };
  // Decodes the framing of what has arrived. `input` begins with what was not consumed before.
  Progress parse_body(std::string_view input, std::span<char> output);
  bool done() const { return is_done(); }
  int version() const { return version_; }

 private:
  using Base = beast::http::basic_parser<true>;
  using error_code = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override;
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code&) override;
  void on_header_impl(error_code&) override { in_trailer_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override;
  void on_finish_impl(error_code&) override {}

  std::optional<HttpError> check(std::size_t target_bytes_max);
  std::optional<HttpError> check_framing();
  std::optional<HttpError> check_target(std::size_t target_bytes_max);

  RequestHead head_;
  int version_ = 11;
  bool in_trailer_ = false;  // fields after the body are read and dropped
  std::span<char> output_;
  std::size_t produced_ = 0;
};

}  // namespace http::detail
