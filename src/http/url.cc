#include "http/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>

namespace http {
namespace {

constexpr std::size_t kUrlBytesMax = 8 * 1024;

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::unexpected<Error> invalid(std::string_view why) {
  return fail(ErrorCode::InvalidRequest, "Invalid URL: " + std::string(why));
}

Result<Url> from_view(const boost::urls::url_view& view) {
  Url url;
  url.scheme = lower_case(std::string_view(view.scheme().data(), view.scheme().size()));
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss") {
    return invalid("only http and https are supported");
  }
  if (view.has_userinfo()) return invalid("it must not hold a user name");
  url.host = lower_case(view.host_address());
  if (url.host.empty()) return invalid("it has no host");
  const bool plain = std::all_of(url.host.begin(), url.host.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f &&
           std::string_view("/\\?#@%").find(c) == std::string_view::npos;
  });
  if (!plain) return invalid("its host has characters that are not allowed");
  url.port = default_port(url.scheme);
  if (view.has_port() && !view.port().empty()) {
    if (view.port_number() == 0) return invalid("its port is not a number from 1 to 65535");
    url.port = view.port_number();
  }
  const auto path = view.encoded_path();
  url.target.assign(path.data(), path.size());
  if (url.target.empty()) url.target = "/";
  // Boost 1.81 takes what follows an unreadable port for a path.
  if (!url.target.starts_with('/')) return invalid("its port is not a number from 1 to 65535");
  if (view.has_query()) {
    const auto query = view.encoded_query();
    url.target.append("?").append(query.data(), query.size());
  }
  return url;
}

}  // namespace

std::string Url::host_and_port() const {
  const bool brackets = host.find(':') != std::string::npos;
  auto text = brackets ? "[" + host + "]" : host;
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  return scheme + "://" + host_and_port();
}
std::string Url::text() const {
  return origin() + target;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return invalid("it is too long");
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return invalid("it is not an absolute URL");
  return from_view(*parsed);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.size() > kUrlBytesMax) return invalid("it is too long");
  const auto relative = boost::urls::parse_uri_reference(
      boost::urls::string_view(reference.data(), reference.size()));
  if (!relative) return invalid("the reference is malformed");
  const auto text = base.text();
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return invalid("the base is malformed");
  boost::urls::url out;
  const auto resolved = boost::urls::resolve(*parsed, *relative, out);
  if (!resolved) return invalid("the reference cannot be resolved");
  return from_view(out);
}

}  // namespace http
