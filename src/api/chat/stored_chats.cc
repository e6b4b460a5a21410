#include "api/chat/stored_chats.h"

#include <array>

#include <fmt/format.h>

#include "base/json/codec.h"
#include "jobs/expiry.h"
#include "store/repo/documents.h"
#include "store/repo/items.h"

namespace api::chat {
namespace {

using base::awaitable;

constexpr const char* kKind = "chat_completion";

// What a stored completion repeats of its request, as it was given there.
constexpr std::array<std::string_view, 4> kEchoed{"tools", "tool_choice", "seed",
                                                  "response_format"};
// The same with a default that is a number.
constexpr std::array<std::pair<std::string_view, double>, 4> kNumbers{
    {{"temperature", 1}, {"top_p", 1}, {"presence_penalty", 0}, {"frequency_penalty", 0}}};

store::DocumentKey key_of(const base::ProjectId& project, const std::string& id) {
  return {.project = project, .kind = kKind, .id = id};
}

Error not_found(const std::string& id) {
  return {.code = ErrorCode::NotFound,
          .message = fmt::format("Completion with id '{}' not found.", id),
          .param = "completion_id"};
}

json::Value given_or(const json::Object& request, std::string_view name, json::Value otherwise) {
  const json::Value* found = json::find(request, name);
  return found && !found->is_null() ? *found : std::move(otherwise);
}

json::Object stored_form(const ToStore& what, json::Object completion) {
  completion["request_id"] = what.request_id;
  for (const auto name : kEchoed) completion[name] = given_or(what.request, name, nullptr);
  for (const auto& [name, number] : kNumbers)
    completion[name] = given_or(what.request, name, number);
  completion["input_user"] = given_or(what.request, "user", nullptr);
  completion["metadata"] = given_or(what.request, "metadata", json::Object());
  return completion;
}

std::vector<store::Label> labels_of(const json::Object& object) {
  std::vector<store::Label> labels{{"model", std::string(json::string_or(object, "model"))}};
  const json::Value* metadata = json::find(object, "metadata");
  if (!metadata || !metadata->is_object()) return labels;
  for (const auto& [name, value] : metadata->get_object()) {
    labels.push_back({"metadata." + std::string(name), std::string(value.get_string())});
  }
  return labels;
}

// One message as the messages list shows it: `content` is text, and parts stand beside it.
json::Object listed_message(const json::Object& given, const std::string& id) {
  json::Object out = given;
  out["id"] = id;
  for (const char* name : {"content", "refusal", "name", "content_parts"})
    out.emplace(name, nullptr);
  const json::Value* content = json::find(given, "content");
  if (!content || !content->is_array()) return out;
  std::string text;
  json::Array parts;
  for (const auto& part : content->get_array()) {
    const auto type = json::string_or(part.get_object(), "type");
    if (type == "text") text += json::string_or(part.get_object(), "text");
    if (type == "text" || type == "image_url") parts.push_back(part);
    if (type == "refusal") out["refusal"] = json::string_or(part.get_object(), "refusal");
  }
  out["content"] = text.empty() ? json::Value(nullptr) : json::Value(text);
  out["content_parts"] = std::move(parts);
  return out;
}

Result<json::Object> parse_object(const std::string& body) {
  auto value = json::parse(body);
  if (!value || !value->is_object())
    return fail(ErrorCode::CorruptData, "A stored completion does not hold together.");
  return std::move(value->get_object());
}

// The row, unless its time is over.
Result<store::Document> find(store::Session& session, const base::ProjectId& project,
                             const std::string& id, std::int64_t now) {
  auto document = store::documents::get(session, key_of(project, id));
  if (!document && document.error().code == ErrorCode::NotFound) return fail(not_found(id));
  if (document && document->expires_at.value_or(now + 1) <= now) return fail(not_found(id));
  return document;
}

template <class Row, class Body, class Id>
Result<store::Page<StoredObject>> to_objects(const Result<store::Page<Row>>& rows, Body body,
                                             Id id) {
  if (!rows) return fail(rows.error());
  store::Page<StoredObject> page{.entries = {}, .has_more = rows->has_more};
  for (const auto& row : rows->entries) {
    auto object = parse_object(body(row));
    if (!object) return fail(object.error());
    page.entries.push_back({id(row), std::move(*object)});
  }
  return page;
}

}  // namespace

awaitable<Status> StoredChats::store(const ToStore& what, json::Object completion) {
  const std::int64_t now = clock_.unix_seconds();
  const json::Object object = stored_form(what, std::move(completion));
  const std::string id(json::string_or(object, "id"));
  store::Document document{
      .key = key_of(what.project, id), .created_at = now, .body = json::dump(object)};
  if (seconds_kept_ > 0) document.expires_at = now + seconds_kept_;

  std::vector<store::Item> messages;
  const json::Value* given = json::find(what.request, "messages");
  for (const auto& message : given->get_array()) {
    std::string message_id = fmt::format("{}-{}", id, messages.size());
    const json::Object listed = listed_message(message.get_object(), message_id);
    messages.push_back(
        {.id = std::move(message_id), .created_at = now, .body = json::dump(listed)});
  }
  const store::ItemList list{what.project, id};
  auto stored = co_await database_.write([&](store::Transaction& transaction) -> Status {
    auto created = store::documents::create(transaction, document, labels_of(object));
    if (!created) return created;
    return store::items::append(transaction, list, messages);
  });
  co_return stored;
}

awaitable<Result<json::Object>> StoredChats::get(base::ProjectId project, std::string id) {
  const std::int64_t now = clock_.unix_seconds();
  auto found = co_await database_.read(
      pools_.store, [&](store::Session& session) { return find(session, project, id, now); });
  if (!found) co_return fail(found.error());
  co_return parse_object(found->body);
}

awaitable<Result<json::Object>> StoredChats::set_metadata(base::ProjectId project, std::string id,
                                                          Metadata metadata) {
  const std::int64_t now = clock_.unix_seconds();
  auto changed =
      co_await database_.write([&](store::Transaction& transaction) -> Result<json::Object> {
        auto document = find(transaction, project, id, now);
        if (!document) return fail(document.error());
        auto object = parse_object(document->body);
        if (!object) return object;
        (*object)["metadata"] = metadata.to_json();
        auto updated = store::documents::update(transaction, document->key, document->version,
                                                {.body = json::dump(*object),
                                                 .expires_at = document->expires_at,
                                                 .labels = labels_of(*object)});
        if (!updated) return fail(updated.error());
        return object;
      });
  co_return std::move(changed);
}

awaitable<Status> StoredChats::remove(base::ProjectId project, std::string id) {
  const std::int64_t now = clock_.unix_seconds();
  auto removed = co_await database_.write([&](store::Transaction& transaction) -> Status {
    if (auto found = find(transaction, project, id, now); !found) return fail(found.error());
    return jobs::remove_object(transaction, key_of(project, id));
  });
  co_return removed;
}

awaitable<Result<store::Page<StoredObject>>> StoredChats::messages(base::ProjectId project,
                                                                   std::string id,
                                                                   store::PageRequest page) {
  const std::int64_t now = clock_.unix_seconds();
  const store::ItemList list{project, id};
  auto found = co_await database_.read(
      pools_.store, [&](store::Session& session) -> Result<store::Page<store::Item>> {
        if (auto chat = find(session, project, id, now); !chat) return fail(chat.error());
        return store::items::page(session, list, page);
      });
  co_return to_objects(
      found, [](const store::Item& item) { return item.body; },
      [](const store::Item& item) { return item.id; });
}

awaitable<Result<store::Page<StoredObject>>> StoredChats::list(Filter filter,
                                                               store::PageRequest page) {
  store::documents::Filter rows{
      .project = filter.project, .kind = kKind, .alive_at = clock_.unix_seconds()};
  if (filter.model) rows.labels.push_back({"model", *filter.model});
  for (const auto& [name, value] : filter.metadata)
    rows.labels.push_back({"metadata." + name, value});
  auto found = co_await database_.read(pools_.store, [&](store::Session& session) {
    return store::documents::list(session, rows, page);
  });
  co_return to_objects(
      found, [](const store::Document& document) { return document.body; },
      [](const store::Document& document) { return document.key.id; });
}

}  // namespace api::chat
