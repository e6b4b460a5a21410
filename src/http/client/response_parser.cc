#include "http/client/response_parser.h"

#include <algorithm>
#include <cstring>

namespace http::detail {

namespace beast = boost::beast;

ResponseParser::ResponseParser(bool bodiless) {
  header_limit(UINT32_MAX);
  body_limit(boost::none);
  eager(true);
  skip(bodiless);
}

ResponseParser::Progress ResponseParser::parse(std::string_view input, std::span<char> output) {
  output_ = output;
  produced_ = 0;
  error_code error;
  Progress progress;
  if (!is_done()) {
    progress.consumed = put(boost::asio::const_buffer(input.data(), input.size()), error);
  }
  progress.produced = produced_;
  progress.malformed =
      error && error != beast::http::error::need_more && error != beast::http::error::need_buffer;
  return progress;
}

bool ResponseParser::end_of_input() {
  if (!got_some()) return false;
  error_code error;
  put_eof(error);
  return !error;
}

void ResponseParser::on_field_impl(beast::http::field, string_view name, string_view value,
                                   error_code&) {
  if (in_trailer_) return;
  headers_.add({name.data(), name.size()}, {value.data(), value.size()});
}

void ResponseParser::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                       error_code& error) {
  if (!length) return;
  if (*length > INT64_MAX) {
    error = beast::http::error::bad_content_length;
    return;
  }
  content_length_ = static_cast<std::int64_t>(*length);
}

std::size_t ResponseParser::on_body_impl(string_view body, error_code& error) {
  const auto n = std::min(body.size(), output_.size() - produced_);
  if (n > 0) std::memcpy(output_.data() + produced_, body.data(), n);
  produced_ += n;
  if (n < body.size()) error = beast::http::error::need_buffer;
  return n;
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) {
  return on_body_impl(body, error);
}

}  // namespace http::detail
