// Absolute http and https addresses: the one parser used for checking them and for connecting to
// them, so that both see the same host.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace http {

struct Url {
  std::string scheme;  // "http", "https", "ws" or "wss"
  std::string host;    // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string target;  // encoded path with query, "/" at least; no fragment

  bool encrypted() const { return scheme == "https" || scheme == "wss"; }
  // "https://host:port": what credentials and connections belong to.
  std::string origin() const;
  // As in the Host header: the port only when it is not the scheme's own.
  std::string host_and_port() const;
  std::string text() const;
  bool operator==(const Url&) const = default;
};

// InvalidRequest for anything else than an absolute URL of those schemes (RFC 3986, strictly: no
// backslashes, blanks or control characters). A user name or password in it is refused.
Result<Url> parse_url(std::string_view text);
// `reference` as found in a page at `base`, e.g. a Location header.
Result<Url> resolve_url(const Url& base, std::string_view reference);

}  // namespace http
