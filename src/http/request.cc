#include "http/request.h"

#include <algorithm>

#include "base/check.h"
#include "http/router.h"

namespace http {
namespace {

const std::shared_ptr<const ConnectionFacts>& no_connection() {
  static const auto facts = std::make_shared<const ConnectionFacts>();
  return facts;
}

}  // namespace

Request::Request(Method method, std::string target, Headers headers, std::string body)
    : method_(method),
      path_size_(std::min(target.find('?'), target.size())),
      target_(std::move(target)),
      method_text_(name(method)),
      headers_(std::move(headers)),
      connection_(no_connection()),
      started_(std::chrono::steady_clock::now()) {
  if (!body.empty()) body_ = std::make_unique<MemoryBody>(std::move(body));
}

Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

const Query& Request::query() const {
  if (!query_)
    query_.emplace(std::string_view(target_).substr(std::min(path_size_ + 1, target_.size())));
  return *query_;
}

std::string_view Request::path_param(std::string_view name) const {
  for (const auto& [key, value] : path_params_) {
    if (key == name) return value;
  }
  CHECK(!"the route has this path parameter");
  return {};
}

awaitable<Result<std::string>> Request::body(std::uint64_t bytes_max) {
  if (!body_) co_return std::string();
  if (route_ != nullptr) bytes_max = std::min(bytes_max, route_->options.body_bytes_max);
  co_return co_await read_all(*body_, bytes_max);
}

awaitable<Result<std::size_t>> Request::read_some(std::span<char> buffer) {
  if (!body_) co_return std::size_t{0};
  co_return co_await body_->read_some(buffer);
}

std::optional<std::uint64_t> Request::content_length() const {
  if (!body_) return 0;
  if (body_->size_hint() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(body_->size_hint());
}

std::string Request::media_type() const {
  auto text = headers_.get("content-type");
  text = text.substr(0, std::min(text.find(';'), text.size()));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

void Request::set_route(const Route* route,
                        std::vector<std::pair<std::string_view, std::string>> params) {
  route_ = route;
  path_params_ = std::move(params);
  if (body_ && route_ != nullptr) body_->set_limit(route_->options.body_bytes_max);
}

void Request::check_attached(bool attached) {
  CHECK(attached);
}

}  // namespace http
