#include "http/router.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/log.h"

namespace http {
namespace {

// Deeper paths than any route has; bounds the work of matching.
constexpr std::size_t kSegmentsMax = 32;

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty() && segments.size() <= kSegmentsMax) {
    const auto end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

Response default_http_error(const Request&, const HttpError& error) {
  return Response::text(error.message + "\n", error.status);
}

Response default_exception(const Request&, std::exception_ptr) {
  return Response::text("Internal server error\n", 500);
}

bool is_cancellation(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

bool RouteOptions::has_tag(std::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

// A node stands for a prefix of segments.
struct Router::Node {
  struct Entry {
    const Route* route = nullptr;
    std::vector<std::string> parameter_names;
  };
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<Entry> here;  // routes that end at this node, one per method
  std::vector<Entry> rest;  // routes that end here with `{name...}`

  static const Entry* find(const std::vector<Entry>& entries, Method method) {
    for (const auto& entry : entries) {
      if (entry.route->method == method) return &entry;
    }
    // HEAD is GET without the body.
    return method == Method::Head ? find(entries, Method::Get) : nullptr;
  }

  // Calls visit(entries, values) for every way the path fits, best first, until it returns true.
  template <class Visit>
  bool walk(std::span<const std::string_view> path, std::vector<std::string_view>& values,
            std::string_view whole, Visit&& visit) const {
    if (path.empty()) return visit(here, values);
    if (const auto it = literals.find(path.front()); it != literals.end()) {
      if (it->second->walk(path.subspan(1), values, whole, visit)) return true;
    }
    if (parameter && !path.front().empty()) {
      values.push_back(path.front());
      if (parameter->walk(path.subspan(1), values, whole, visit)) return true;
      values.pop_back();
    }
    if (rest.empty()) return false;
    values.push_back(whole.substr(static_cast<std::size_t>(path.front().data() - whole.data())));
    if (visit(rest, values)) return true;
    values.pop_back();
    return false;
  }
};

Router::Router()
    : root_(std::make_unique<Node>()), renderer_{default_http_error, default_exception} {}
Router::~Router() = default;

void Router::get(std::string pattern, Handler handler, RouteOptions options) {
  add({Method::Get, std::move(pattern), std::move(options), std::move(handler), {}});
}
void Router::post(std::string pattern, Handler handler, RouteOptions options) {
  add({Method::Post, std::move(pattern), std::move(options), std::move(handler), {}});
}
void Router::put(std::string pattern, Handler handler, RouteOptions options) {
  add({Method::Put, std::move(pattern), std::move(options), std::move(handler), {}});
}
void Router::patch(std::string pattern, Handler handler, RouteOptions options) {
  add({Method::Patch, std::move(pattern), std::move(options), std::move(handler), {}});
}
void Router::del(std::string pattern, Handler handler, RouteOptions options) {
  add({Method::Delete, std::move(pattern), std::move(options), std::move(handler), {}});
}
void Router::websocket(std::string pattern, WebSocketHandler handler, RouteOptions options) {
  add({Method::Get, std::move(pattern), std::move(options), {}, std::move(handler)});
}

void Router::add(Route route) {
  CHECK(route.pattern.starts_with('/'));
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  const Route* stored = routes_.back().get();
  Node* node = root_.get();
  Node::Entry entry{stored, {}};
  bool takes_rest = false;
  for (const auto segment : segments_of(stored->pattern)) {
    CHECK(!takes_rest);
    if (!is_parameter(segment)) {
      auto& child = node->literals[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    auto name = segment.substr(1, segment.size() - 2);
    takes_rest = name.ends_with("...");
    if (takes_rest) name.remove_suffix(3);
    entry.parameter_names.emplace_back(name);
    if (takes_rest) continue;
    if (!node->parameter) node->parameter = std::make_unique<Node>();
    node = node->parameter.get();
  }
  auto& entries = takes_rest ? node->rest : node->here;
  for (const auto& other : entries) CHECK(other.route->method != stored->method);
  entries.push_back(std::move(entry));
}

void Router::use(std::unique_ptr<Middleware> middleware) {
  middleware_.push_back(std::move(middleware));
}

void Router::set_error_renderer(ErrorRenderer renderer) {
  if (renderer.http_error) renderer_.http_error = std::move(renderer.http_error);
  if (renderer.exception) renderer_.exception = std::move(renderer.exception);
}

std::optional<HttpError> Router::match(Request& request) const {
  const auto segments = segments_of(request.path());
  std::vector<std::string_view> values;
  std::string allow;
  std::string pattern;
  auto visit = [&](const std::vector<Node::Entry>& entries, const auto& found) {
    const auto* entry = Node::find(entries, request.method());
    if (entry == nullptr) {
      for (const auto& other : entries) {
        allow += (allow.empty() ? "" : ", ") + std::string(name(other.route->method));
        if (other.route->method == Method::Get) allow += ", HEAD";
        pattern = other.route->pattern;
      }
      return false;
    }
    std::vector<std::pair<std::string_view, std::string>> params;
    for (std::size_t i = 0; i < found.size(); ++i) {
      auto decoded = percent_decode(found[i]);
      if (!decoded) return false;
      params.emplace_back(entry->parameter_names[i], std::move(*decoded));
    }
    request.set_route(entry->route, std::move(params));
    return true;
  };
  if (segments.size() <= kSegmentsMax && root_->walk(segments, values, request.path(), visit)) {
    return std::nullopt;
  }
  if (allow.empty()) {
    return HttpError{404, "Not found: " + std::string(request.method_text()) + " " +
                              std::string(request.path())};
  }
  for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{')) {
    pattern.replace(open, pattern.find('}', open) - open + 1, "*");
  }
  if (request.method() == Method::Other) {
    return HttpError{501, "Method not implemented", std::move(allow), std::move(pattern)};
  }
  return HttpError{405, "Method not allowed", allow + ", OPTIONS", std::move(pattern)};
}

std::optional<Response> Router::first(Request& request) const {
  for (const auto& middleware : middleware_) {
    auto verdict = middleware->first(request);
    if (auto* refused = std::get_if<HttpError>(&verdict)) return error(request, *refused);
    if (auto* response = std::get_if<Response>(&verdict)) {
      finish(request, *response);
      return std::move(*response);
    }
  }
  return std::nullopt;
}

awaitable<Response> Router::dispatch(Request& request) const {
  if (auto response = first(request)) co_return std::move(*response);
  auto error = match(request);
  if (!error) co_return co_await run(request);
  if (error->status == 405 && request.method() == Method::Options) {
    auto response = Response::empty(204);
    response.headers.set("allow", error->allow);
    finish(request, response);
    co_return response;
  }
  co_return this->error(request, *error);
}

awaitable<Response> Router::run(Request& request) const {
  const Route& route = *request.route();
  if (!route.handler) {
    co_return error(request, {426, "This address speaks WebSocket only", "", route.pattern});
  }
  std::exception_ptr failure;
  try {
    std::optional<Response> response;
    if (!middleware_.empty()) response = co_await before(request);
    if (!response) response = co_await route.handler(request);
    if (request.method() == Method::Head) {
      if (!response->is_stream() && !response->headers.contains("content-length")) {
        response->headers.set("content-length", std::to_string(response->body().size()));
      }
      response->drop_body();
    }
    finish(request, *response);
    co_return std::move(*response);
  } catch (...) {
    failure = std::current_exception();
  }
  if (is_cancellation(failure)) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) std::rethrow_exception(failure);
  }
  co_return exception(request, failure);
}

awaitable<std::optional<Response>> Router::before(Request& request) const {
  for (const auto& middleware : middleware_) {
    auto response = co_await middleware->before(request);
    if (response) co_return response;
  }
  co_return std::nullopt;
}

Response Router::error(const Request& request, const HttpError& error) const {
  auto response = renderer_.http_error(request, error);
  if (!error.allow.empty() && error.status == 405) response.headers.set("allow", error.allow);
  if (request.method() == Method::Head) response.drop_body();
  finish(request, response);
  return response;
}

Response Router::exception(const Request& request, std::exception_ptr exception) const {
  auto response = renderer_.exception(request, exception);
  if (request.method() == Method::Head) response.drop_body();
  finish(request, response);
  return response;
}

void Router::finish(const Request& request, Response& response) const {
  for (auto it = middleware_.rbegin(); it != middleware_.rend(); ++it) {
    (*it)->after(request, response);
  }
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> all;
  for (const auto& route : routes_) all.push_back(route.get());
  return all;
}

}  // namespace http
