#include "http/server/request_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace http::detail {
namespace {

HttpError bad_request(std::string message) {
  return {400, std::move(message)};
}

// The request line names a version of the right form that we do not speak.
bool other_version(std::string_view head) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto space = line.rfind(' ');
  if (space == std::string_view::npos) return false;
  const auto version = line.substr(space + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
         version[5] >= '0' && version[5] <= '9' && version[7] >= '0' && version[7] <= '9';
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view text) {
  while (true) {
    const auto* found = searched_ < text.size()
                            ? static_cast<const char*>(std::memchr(text.data() + searched_, '\n',
                                                                   text.size() - searched_))
                            : nullptr;
    if (found == nullptr) {
      searched_ = text.size();
      return State::Incomplete;
    }
    const auto at = static_cast<std::size_t>(found - text.data());
    // A line feed alone ends lines for some readers and not for others.
    if (at == position_ || text[at - 1] != '\r') return State::Malformed;
    const bool empty_line = at - 1 == position_;
    // A line that continues the one before it (obs-fold) is obsolete and ambiguous.
    const bool folded = text[position_] == ' ' || text[position_] == '\t';
    if (folded || (empty_line && lines_ == 0)) return State::Malformed;
    position_ = at + 1;
    searched_ = position_;
    ++lines_;
    if (empty_line) return State::Complete;
  }
}

RequestParser::RequestParser() {
  // Our own limits apply: the caller bounds the head, the body source counts the body.
  header_limit(UINT32_MAX);
  body_limit(boost::none);
  eager(true);
}

std::expected<RequestHead, HttpError> RequestParser::parse_head(std::string_view head,
                                                                std::size_t target_bytes_max) {
  error_code error;
  put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error == beast::http::error::need_more) error = {};
  if (error == beast::http::error::bad_version && other_version(head)) {
    return std::unexpected(HttpError{505, "HTTP version not supported"});
  }
  if (error || !is_header_done()) {
    return std::unexpected(bad_request("Malformed request: " + error.message()));
  }
  if (auto refused = check(target_bytes_max)) return std::unexpected(std::move(*refused));
  return std::move(head_);
}

std::optional<HttpError> RequestParser::check(std::size_t target_bytes_max) {
  const auto hosts = head_.headers.count("host");
  if (hosts > 1 || (hosts == 0 && head_.version >= 11)) {
    return bad_request("Malformed request: exactly one Host header is needed");
  }
  if (auto refused = check_framing()) return refused;
  const auto expect = head_.headers.get("expect");
  if (!expect.empty() && !iequals(expect, "100-continue")) {
    return HttpError{417, "Expectation not supported"};
  }
  head_.expects_continue = !expect.empty() && head_.version >= 11 && head_.has_body;
  head_.keep_alive = keep_alive();
  return check_target(target_bytes_max);
}

// One length, said one way: everything else lets two readers see two different requests.
std::optional<HttpError> RequestParser::check_framing() {
  const auto lengths = head_.headers.count("content-length");
  const auto encodings = head_.headers.count("transfer-encoding");
  if (lengths > 1 || (lengths == 1 && encodings > 0)) {
    return bad_request("Malformed request: more than one body length");
  }
  if (encodings > 0) {
    if (head_.version < 11) return bad_request("Malformed request: chunked needs HTTP/1.1");
    if (encodings > 1 || !iequals(head_.headers.get("transfer-encoding"), "chunked")) {
      return HttpError{501, "Transfer-Encoding not supported"};
    }
    head_.has_body = true;
  }
  if (lengths == 1) {
    const auto text = head_.headers.get("content-length");
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), head_.content_length);
    if (failure != std::errc() || end != text.data() + text.size() || text.front() == '-') {
      return bad_request("Malformed request: bad Content-Length");
    }
    head_.has_body = head_.content_length > 0;
  }
  return std::nullopt;
}

std::optional<HttpError> RequestParser::check_target(std::size_t target_bytes_max) {
  auto& target = head_.target;
  if (target.size() > target_bytes_max) return HttpError{414, "Request target too long"};
  if (target.find('#') != std::string::npos) {
    return bad_request("Malformed request: fragment in the target");
  }
  if (target == "*" && head_.method == Method::Options) return std::nullopt;
  // The absolute form is for proxies, but every server must take it (RFC 9112, section 3.2.2).
  if (!target.starts_with('/')) {
    const auto scheme_end = target.find("://");
    const auto scheme = std::string_view(target).substr(0, std::min(scheme_end, target.size()));
    if (!iequals(scheme, "http") && !iequals(scheme, "https")) {
      return bad_request("Malformed request: bad target");
    }
    const auto authority = target.substr(scheme_end + 3);
    const auto path = std::min(authority.find_first_of("/?"), authority.size());
    if (authority.substr(0, path) != head_.headers.get("host")) {
      return bad_request("Malformed request: target and Host differ");
    }
    const auto rest = authority.substr(path);
    target = rest.starts_with('/') ? rest : "/" + rest;
  }
  return std::nullopt;
}

RequestParser::Progress RequestParser::parse_body(std::string_view input, std::span<char> output) {
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

void RequestParser::on_request_impl(beast::http::verb, beast::string_view method,
                                    beast::string_view target, int version, error_code&) {
  head_.method_text.assign(method.data(), method.size());
  head_.method = http::parse_method(head_.method_text);
  head_.target.assign(target.data(), target.size());
  head_.version = version_ = version;
}

void RequestParser::on_field_impl(beast::http::field, beast::string_view name,
                                  beast::string_view value, error_code&) {
  if (in_trailer_) return;
  head_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
}

std::size_t RequestParser::on_body_impl(beast::string_view body, error_code& error) {
  const auto n = std::min(body.size(), output_.size() - produced_);
  std::memcpy(output_.data() + produced_, body.data(), n);
  produced_ += n;
  if (n < body.size()) error = beast::http::error::need_buffer;
  return n;
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                              error_code& error) {
  return on_body_impl(body, error);
}

}  // namespace http::detail
