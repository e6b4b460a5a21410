#include "http/client.h"

#include "http/client/exchange.h"

namespace http {
namespace {

constexpr std::string_view kMayCrossOrigins[] = {"accept", "accept-language", "user-agent"};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The next request of a redirect; nothing when it must not be followed.
std::optional<ClientRequest> redirected(const ClientRequest& request, const Url& from,
                                        std::string_view location) {
  if (request.method != Method::Get && request.method != Method::Head) return std::nullopt;
  auto target = resolve_url(from, location);
  if (!target || (from.encrypted() && !target->encrypted())) return std::nullopt;
  ClientRequest next{.method = request.method, .url = std::move(*target)};
  next.head_time_max = request.head_time_max;
  if (next.url.origin() == from.origin()) {
    next.headers = request.headers;
    return next;
  }
  // Any other header may be a credential.
  for (const auto name : kMayCrossOrigins) {
    if (request.headers.contains(name)) next.headers.add(name, request.headers.get(name));
  }
  return next;
}

}  // namespace

Client::Client(asio::any_io_executor executor, ClientOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {}
Client::~Client() = default;

awaitable<Result<ClientResponse>> Client::send(ClientRequest request) {
  const auto strand = co_await asio::this_coro::executor;
  for (int redirects = 0;; ++redirects) {
    auto exchange =
        std::make_unique<ClientResponse::Exchange>(state_, strand, request.url, request.method);
    auto status = co_await exchange->run(request);
    if (!status) co_return fail(std::move(status.error()));
    const auto& parser = exchange->parser();
    const auto location = parser.headers().get("location");
    if (redirects >= state_->options.redirects_max || !is_redirect(parser.status()) ||
        location.empty()) {
      co_return ClientResponse(std::move(exchange));
    }
    auto next = redirected(request, exchange->url(), location);
    if (!next) co_return ClientResponse(std::move(exchange));
    request = std::move(*next);
  }
}

ClientResponse::ClientResponse(std::unique_ptr<Exchange> exchange)
    : exchange_(std::move(exchange)) {}
ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
ClientResponse& ClientResponse::operator=(ClientResponse&&) noexcept = default;
ClientResponse::~ClientResponse() = default;

int ClientResponse::status() const {
  return exchange_->parser().status();
}
const Headers& ClientResponse::headers() const {
  return exchange_->parser().headers();
}
const Url& ClientResponse::url() const {
  return exchange_->url();
}

awaitable<Result<std::size_t>> ClientResponse::read_some(std::span<char> buffer) {
  co_return co_await exchange_->read_some(buffer);
}

std::int64_t ClientResponse::size_hint() const {
  return exchange_->parser().done() ? 0 : exchange_->parser().content_length();
}

void ClientResponse::set_limit(std::uint64_t bytes_max) {
  exchange_->set_limit(bytes_max);
}

awaitable<Result<std::string>> ClientResponse::body(std::uint64_t bytes_max) {
  auto body = co_await read_all(*this, bytes_max);
  // The last read notices the end, which gives the connection back.
  char none = 0;
  if (body) co_await exchange_->read_some({&none, 1});
  co_return body;
}

}  // namespace http
