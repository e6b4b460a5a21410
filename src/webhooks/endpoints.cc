#include "webhooks/endpoints.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json/codec.h"
#include "base/limits/webhook.h"
#include "http/url.h"
#include "store/repo/documents.h"

namespace webhooks {
namespace {

constexpr const char* kKind = "webhook_endpoint";
constexpr std::array<std::string_view, 8> kTypes{
    "response.completed", "response.failed", "response.cancelled", "response.incomplete",
    "batch.completed",    "batch.failed",    "batch.cancelled",    "batch.expired"};

struct Record {
  std::string url, secret;
  std::vector<std::string> events;
  static constexpr auto json_fields() {
    return std::tuple{json::field("url", &Record::url), json::field("secret", &Record::secret),
                      json::field("events", &Record::events)};
  }
};

Result<Endpoint> from_document(const store::Document& document) {
  auto value = json::parse(document.body);
  if (!value) return fail(ErrorCode::CorruptData, "A webhook endpoint's record is damaged.");
  auto record = json::read<Record>(*value);
  if (!record) return fail(ErrorCode::CorruptData, "A webhook endpoint's record is damaged.");
  return Endpoint{.id = document.key.id,
                  .url = record->url,
                  .events = record->events,
                  .secret = record->secret,
                  .created_at = document.created_at};
}

Status check(const Endpoint& endpoint) {
  auto url = http::parse_url(endpoint.url);
  if (!url) return fail(url.error());
  if (endpoint.url.size() > limits::webhook_url_chars_max || !url->scheme.starts_with("http")) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("A webhook needs an http or https address of at most {} characters.",
                            limits::webhook_url_chars_max),
                "url");
  }
  for (const auto& type : endpoint.events) {
    if (std::ranges::find(kTypes, type) == kTypes.end()) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("'{}' is no event. There are: {}.", type, fmt::join(kTypes, ", ")),
                  "events");
    }
  }
  if (endpoint.events.empty())
    return fail(ErrorCode::InvalidRequest, "A webhook needs at least one event.", "events");
  return {};
}

}  // namespace

std::span<const std::string_view> event_types() {
  return kTypes;
}

namespace endpoints {

Status add(store::Transaction& transaction, const base::ProjectId& project,
           const Endpoint& endpoint) {
  if (auto status = check(endpoint); !status) return status;
  auto count = store::documents::count(transaction, {.project = project, .kind = kKind});
  if (!count) return fail(std::move(count.error()));
  if (*count >= static_cast<std::int64_t>(limits::webhook_endpoints_max)) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("A project has at most {} webhooks.", limits::webhook_endpoints_max));
  }
  const Record record{.url = endpoint.url, .secret = endpoint.secret, .events = endpoint.events};
  store::Document document{.key = {project, kKind, endpoint.id},
                           .created_at = endpoint.created_at,
                           .body = json::dump(json::write(record))};
  return store::documents::create(transaction, document);
}

Result<std::vector<Endpoint>> list(store::Session& session, const base::ProjectId& project) {
  auto page = store::documents::list(
      session, {.project = project, .kind = kKind},
      {.limit = limits::webhook_endpoints_max, .order = store::Order::Ascending});
  if (!page) return fail(std::move(page.error()));
  std::vector<Endpoint> out;
  for (const auto& document : page->entries) {
    auto endpoint = from_document(document);
    if (!endpoint) return fail(std::move(endpoint.error()));
    out.push_back(std::move(*endpoint));
  }
  return out;
}

Result<Endpoint> get(store::Session& session, const base::ProjectId& project,
                     const std::string& id) {
  auto document = store::documents::get(session, {project, kKind, id});
  if (!document) return fail(std::move(document.error()));
  return from_document(*document);
}

Status remove(store::Transaction& transaction, const base::ProjectId& project,
              const std::string& id) {
  return store::documents::remove(transaction, {project, kKind, id});
}

}  // namespace endpoints
}  // namespace webhooks
