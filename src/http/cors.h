// Cross-origin access for browsers (Fetch Standard, section 3.2) and the checks that keep a web
// page from using a server on the visitor's own machine.
#pragma once

#include <string>
#include <vector>

#include "http/router.h"

namespace http {

struct CorsOptions {
  // Any web page may call, as on the real API: safe while every call needs a key in a header that
  // no browser adds by itself.
  bool any_origin = true;
  // Otherwise only these ("https://chat.example.org"), and pages served from this machine.
  std::vector<std::string> origins = {};
};

// Answers preflights, and lets pages read the headers that SDKs need. A request from an origin that
// is not allowed gets 403.
class Cors final : public Middleware {
 public:
  explicit Cors(CorsOptions options) : options_(std::move(options)) {}
  Verdict first(Request& request) override;
  void after(const Request& request, Response& response) override;

 private:
  bool allowed(std::string_view origin) const;
  CorsOptions options_;
};

// For a server that listens on loopback: requests must name this machine, or one of `host_names`,
// in their Host header. Without it a page whose name an attacker points at 127.0.0.1 (DNS
// rebinding) counts as same-origin.
class HostCheck final : public Middleware {
 public:
  explicit HostCheck(std::vector<std::string> host_names = {})
      : host_names_(std::move(host_names)) {}
  Verdict first(Request& request) override;

 private:
  std::vector<std::string> host_names_;
};

// "localhost", "127.0.0.1" and "[::1]", each with or without a port.
bool names_this_machine(std::string_view host_and_port);

}  // namespace http
