#include "http/cors.h"

#include <algorithm>

namespace http {
namespace {

constexpr std::string_view kExposed =
    "x-request-id, openai-processing-ms, openai-version, openai-organization, openai-project, "
    "openai-model, retry-after, retry-after-ms, x-should-retry, openai-poll-after-ms, location, "
    "x-ratelimit-limit-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-requests, "
    "x-ratelimit-remaining-tokens, x-ratelimit-reset-requests, x-ratelimit-reset-tokens";

std::string_view without_port(std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.rfind(':');
  const bool port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return port ? host.substr(0, colon) : host;
}

// A list of header names that can be repeated in an answer.
bool is_token_list(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == ',' || c == ' ' || is_token(std::string_view(&c, 1));
  });
}

}  // namespace

bool names_this_machine(std::string_view host_and_port) {
  const auto host = without_port(host_and_port);
  return iequals(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

bool Cors::allowed(std::string_view origin) const {
  if (options_.any_origin) return true;
  if (std::find(options_.origins.begin(), options_.origins.end(), origin) !=
      options_.origins.end()) {
    return true;
  }
  const auto host = origin.find("://");
  return host != std::string_view::npos && names_this_machine(origin.substr(host + 3));
}

Verdict Cors::first(Request& request) {
  const auto origin = request.header("origin");
  if (origin.empty()) return {};
  if (!allowed(origin)) return HttpError{403, "Requests from this origin are not allowed"};
  const auto method = request.header("access-control-request-method");
  if (request.method() != Method::Options || method.empty()) return {};
  auto response = Response::empty(204);
  response.headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  const auto wanted = request.header("access-control-request-headers");
  if (!wanted.empty() && is_token_list(wanted)) {
    response.headers.set("access-control-allow-headers", wanted);
  }
  response.headers.set("access-control-max-age", "600");
  return response;
}

void Cors::after(const Request& request, Response& response) {
  const auto origin = request.header("origin");
  if (!options_.any_origin) response.headers.add("vary", "origin");
  if (origin.empty() || !allowed(origin)) return;
  response.headers.set("access-control-allow-origin", options_.any_origin ? "*" : origin);
  response.headers.set("access-control-expose-headers", kExposed);
}

Verdict HostCheck::first(Request& request) {
  // In-process requests have no host and no browser behind them.
  if (request.connection().peer_address.empty()) return {};
  const auto host = request.header("host");
  if (names_this_machine(host)) return {};
  const auto plain = without_port(host);
  const bool known = std::any_of(host_names_.begin(), host_names_.end(),
                                 [&](const auto& name) { return iequals(name, plain); });
  if (known) return {};
  return HttpError{403, "This server does not answer to the host name of the request"};
}

}  // namespace http
