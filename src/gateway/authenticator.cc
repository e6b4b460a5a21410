#include "gateway/authenticator.h"

#include <functional>

#include <fmt/format.h>

#include "base/encoding.h"
#include "gateway/api_error.h"
#include "store/repo/keys.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;

// How long an identified key is believed without asking the database: a revoked key works at most
// this much longer.
constexpr auto kBeliefTime = 2s;
constexpr std::size_t kKnownKeysMax = 10'000;

// The texts are the real API's.
constexpr const char* kMissing =
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. "
    "Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're "
    "accessing the API from your "
    "browser and are prompted for a username and password. You can obtain an API key from "
    "https://platform.openai.com/account/api-keys.";

[[noreturn]] void refuse(ErrorCode code, std::string message, std::string reason = {}) {
  throw ApiError(
      {.code = code, .message = std::move(message), .param = {}, .reason = std::move(reason)});
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != prefix[i]) return false;
  }
  return true;
}

// The key of a Bearer header, or the password of a Basic one.
std::optional<std::string> key_of(std::string_view header) {
  if (starts_with_ignoring_case(header, "bearer ")) {
    header.remove_prefix(7);
    while (header.starts_with(' ')) header.remove_prefix(1);
    return std::string(header);
  }
  if (starts_with_ignoring_case(header, "basic ")) {
    const auto decoded = base::base64_decode(header.substr(6));
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon != std::string::npos) return decoded->substr(colon + 1);
  }
  return std::nullopt;
}

// A header that names an organization or project must name the key's own.
void check_scope(const http::Request& request, const Caller& caller) {
  const auto organization = request.header("openai-organization");
  if (!organization.empty() && organization != caller.organization.value) {
    refuse(ErrorCode::Unauthenticated,
           "OpenAI-Organization header should match organization for API key",
           "mismatched_organization");
  }
  const auto project = request.header("openai-project");
  if (!project.empty() && !caller.admin && project != caller.project.value) {
    refuse(ErrorCode::Unauthenticated, "OpenAI-Project header should match project for API key",
           "mismatched_project");
  }
}

}  // namespace

std::string mask_key(std::string_view key) {
  constexpr std::size_t kHead = 8, kTail = 4;
  if (key.size() <= kHead + kTail) return std::string(key.substr(0, 2)) + "***";
  return fmt::format("{}{}{}", key.substr(0, kHead),
                     std::string(std::min<std::size_t>(key.size() - kHead - kTail, 32), '*'),
                     key.substr(key.size() - kTail));
}

Authenticator::Authenticator(store::Database& database, base::Pools& pools,
                             const base::Clock& clock, Options options)
    : database_(database), pools_(pools), clock_(clock), options_(std::move(options)) {}

base::awaitable<std::optional<http::Response>> Authenticator::before(http::Request& request) {
  if (request.find<Caller>() || request.route()->options.has_tag("public")) co_return std::nullopt;

  const auto header = request.header("authorization");
  if (header.empty() && options_.anonymous) {
    request.attach(*options_.anonymous);
    co_return std::nullopt;
  }
  if (header.empty()) refuse(ErrorCode::Unauthenticated, kMissing);
  const auto secret = key_of(header);
  if (!secret || secret->empty()) refuse(ErrorCode::Unauthenticated, kMissing);

  auto caller = co_await identify(*secret);
  if (!caller && options_.anonymous) caller = *options_.anonymous;
  if (!caller && caller.error().code == ErrorCode::NotFound) {
    refuse(ErrorCode::Unauthenticated,
           fmt::format("Incorrect API key provided: {}. You can find your API key at "
                       "https://platform.openai.com/account/api-keys.",
                       base::utf8_repair(mask_key(*secret))),
           "invalid_api_key");
  }
  if (!caller) throw ApiError(caller.error());
  check_scope(request, *caller);
  if (request.route()->options.has_tag("admin") && !caller->admin) {
    refuse(ErrorCode::PermissionDenied,
           "You have insufficient permissions for this operation. Missing scopes: "
           "api.management.read. This route needs an "
           "admin key: parlance keys create --admin.");
  }
  request.attach(std::move(*caller));
  co_return std::nullopt;
}

void Authenticator::after(const http::Request& request, http::Response& response) {
  const Caller* caller = request.find<Caller>();
  if (caller) {
    response.headers.set("openai-organization", caller->organization.value);
    if (!caller->project.value.empty())
      response.headers.set("openai-project", caller->project.value);
  }
  if (response.status == 401)
    response.headers.set("WWW-Authenticate", "Basic realm=\"OpenAI API\"");
}

base::awaitable<Result<Caller>> Authenticator::identify(std::string secret) {
  const auto now = clock_.monotonic();
  const auto known = known_.with([&](auto& map) -> std::optional<Caller> {
    const auto it = map.find(secret);
    if (it == map.end() || it->second.until <= now) return std::nullopt;
    return it->second.caller;
  });
  if (known) co_return *known;

  const std::int64_t seconds = clock_.unix_seconds();
  auto key = co_await database_.read(pools_.store, [&secret](store::Session& session) {
    return store::keys::authenticate(session, secret);
  });
  if (!key) co_return fail(key.error());
  // Once a minute at most the key's last use is written down; nobody waits for it to be told apart
  // from a success.
  if (key->last_used_at.value_or(0) + 60 <= seconds) {
    auto touch = [id = key->id, seconds](store::Transaction& t) {
      return store::keys::touch(t, id, seconds);
    };
    auto touched = co_await database_.write(std::move(touch));
    if (!touched) co_return fail(touched.error());
  }
  Caller caller{.organization = key->organization,
                .project = key->project,
                .key = key->id,
                .admin = key->kind == store::KeyKind::Admin};
  known_.with([&](auto& map) {
    if (map.size() >= kKnownKeysMax) map.clear();
    map[secret] = {caller, now + kBeliefTime};
  });
  co_return caller;
}

}  // namespace gateway
