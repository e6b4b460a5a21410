// Reads one HTTP/1.1 response, by Beast's parser.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <span>
#include <string_view>

#include "http/headers.h"

namespace http::detail {

// One response; informational ones (1xx) are passed over by using a new parser for the next.
class ResponseParser final : private boost::beast::http::basic_parser<false> {
 public:
  // `bodiless`: the answer to HEAD, which announces a body it does not have.
  explicit ResponseParser(bool bodiless);

  struct Progress {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool malformed = false;
  };
  // Parses head and body as they come; body bytes go to `output`, which may be empty until
  // `head_done`.
  Progress parse(std::string_view input, std::span<char> output);
  // The peer closed: true when that ends the response properly.
  bool end_of_input();

  bool head_done() const { return is_header_done(); }
  bool done() const { return is_done(); }
  bool keep_alive() const { return Base::keep_alive() && !need_eof(); }
  std::int64_t content_length() const { return content_length_; }
  int status() const { return status_; }
  const Headers& headers() const { return headers_; }

 private:
  using Base = boost::beast::http::basic_parser<false>;
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, string_view, string_view, int,
                       error_code&) override {}
  void on_response_impl(int status, string_view, int, error_code&) override { status_ = status; }
  void on_field_impl(boost::beast::http::field, string_view name, string_view value,
                     error_code&) override;
  void on_header_impl(error_code&) override { in_trailer_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override;
  std::size_t on_body_impl(string_view body, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
  void on_finish_impl(error_code&) override {}

  int status_ = 0;
  Headers headers_;
  bool in_trailer_ = false;
  std::int64_t content_length_ = -1;
  std::span<char> output_;
  std::size_t produced_ = 0;
};

}  // namespace http::detail
