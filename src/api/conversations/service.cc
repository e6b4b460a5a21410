#include "api/conversations/service.h"

#include <fmt/format.h>

#include "api/items/context.h"
#include "api/items/conversation.h"
#include "api/items/stored.h"
#include "base/json/codec.h"

namespace api::conversations {
namespace {

using base::awaitable;

constexpr std::string_view kPrefix = "conv_";
constexpr std::size_t kFamilyHex = 16;

// The stored form; the rest is in the row's head.
struct Record {
  Metadata metadata;
  static constexpr auto json_fields() {
    return std::tuple{json::field("metadata", &Record::metadata)};
  }
};

std::string body_of(const Metadata& metadata) {
  return json::dump(json::write(Record{metadata}));
}

Result<Conversation> from_document(const store::Document& document) {
  auto value = json::parse(document.body);
  if (value) {
    auto record = json::read<Record>(*value);
    if (record)
      return Conversation{document.key.id, document.created_at, std::move(record->metadata)};
  }
  return fail(ErrorCode::CorruptData, "A stored conversation does not hold together.");
}

Result<Conversation> find(store::Session& session, const base::ProjectId& project,
                          const std::string& id) {
  auto document = items::find_conversation(session, project, id);
  if (!document) return fail(document.error());
  return from_document(*document);
}

Error item_not_found(const std::string& item_id, const std::string& id) {
  return {ErrorCode::NotFound,
          fmt::format("Item with id '{}' not found in conversation with id '{}'.", item_id, id)};
}

// The 16 hex that a conversation shares with its items.
std::string family_of(const std::string& id) {
  return id.substr(kPrefix.size(), kFamilyHex);
}

struct Append {
  const store::ItemList& list;
  std::int64_t now = 0;  // Unix seconds
  std::string family;
};

// Gives the items their ids and appends them, in place.
Status append(store::Transaction& transaction, const Append& where, base::IdGenerator& ids,
              std::vector<items::Item>& items) {
  const items::ResolveOptions options{.project = where.list.project};
  if (auto status = items::resolve_references(transaction, options, items); !status) return status;
  if (auto status = items::refuse_duplicates({}, items); !status) {
    Error error = status.error();
    error.param = "items";
    return fail(std::move(error));
  }
  std::vector<store::Item> rows;
  for (auto& item : items) {
    items::complete(item, ids, where.family);
    rows.push_back(items::to_row(item, where.now));
  }
  auto appended = store::items::append(transaction, where.list, rows);
  if (!appended && appended.error().code == ErrorCode::Conflict)
    return fail(ErrorCode::InvalidRequest, appended.error().message, "items");
  return appended;
}

}  // namespace

json::Object conversation_object(const Conversation& conversation) {
  return {{"id", conversation.id},
          {"object", "conversation"},
          {"created_at", conversation.created_at},
          {"metadata", conversation.metadata.to_json()}};
}

awaitable<Result<Conversation>> ConversationsService::create(base::ProjectId project,
                                                             Metadata metadata,
                                                             std::vector<items::Item> items) {
  const std::string family = ids_.family();
  Conversation made{.id = ids_.item("conv", family),
                    .created_at = clock_.unix_seconds(),
                    .metadata = std::move(metadata)};
  const store::ItemList list = items::conversation_items(project, made.id);
  store::Document document{.key = items::conversation_key(project, made.id),
                           .created_at = made.created_at,
                           .body = body_of(made.metadata)};
  auto created = co_await database_.write([&](store::Transaction& transaction) -> Status {
    if (auto status = store::documents::create(transaction, document); !status) return status;
    return append(transaction, {list, made.created_at, family}, ids_, items);
  });
  if (!created) co_return fail(created.error());
  co_return std::move(made);
}

awaitable<Result<Conversation>> ConversationsService::get(base::ProjectId project, std::string id) {
  auto found = co_await database_.read(
      pools_.store, [&](store::Session& session) { return find(session, project, id); });
  co_return std::move(found);
}

awaitable<Result<Conversation>> ConversationsService::set_metadata(base::ProjectId project,
                                                                   std::string id,
                                                                   Metadata metadata) {
  auto changed =
      co_await database_.write([&](store::Transaction& transaction) -> Result<Conversation> {
        auto document = items::find_conversation(transaction, project, id);
        if (!document) return fail(document.error());
        auto updated = store::documents::update(
            transaction, document->key, document->version,
            {.body = body_of(metadata), .expires_at = document->expires_at});
        if (!updated) return fail(updated.error());
        return Conversation{id, document->created_at, metadata};
      });
  co_return std::move(changed);
}

awaitable<Status> ConversationsService::remove(base::ProjectId project, std::string id) {
  auto removed = co_await database_.write([&](store::Transaction& transaction) -> Status {
    auto document = items::find_conversation(transaction, project, id);
    if (!document) return fail(document.error());
    return store::documents::remove(transaction, document->key);
  });
  co_return removed;
}

awaitable<Result<std::vector<items::Item>>> ConversationsService::add_items(
    base::ProjectId project, std::string id, std::vector<items::Item> items) {
  const auto now = clock_.now();
  const store::ItemList list = items::conversation_items(project, id);
  auto added = co_await database_.write([&](store::Transaction& transaction) -> Status {
    if (auto found = items::find_conversation(transaction, project, id); !found)
      return fail(found.error());
    const std::int64_t now_ms = now.time_since_epoch().count();
    if (auto status = items::refuse_locked(transaction, list, now_ms); !status) return status;
    return append(transaction, {list, now_ms / 1000, family_of(id)}, ids_, items);
  });
  if (!added) co_return fail(added.error());
  co_return std::move(items);
}

awaitable<Result<store::Page<items::Item>>> ConversationsService::list_items(
    base::ProjectId project, std::string id, store::PageRequest page) {
  const store::ItemList list = items::conversation_items(project, id);
  auto found = co_await database_.read(
      pools_.store, [&](store::Session& session) -> Result<store::Page<items::Item>> {
        if (auto conversation = items::find_conversation(session, project, id); !conversation)
          return fail(conversation.error());
        auto rows = store::items::page(session, list, page);
        if (!rows) return fail(rows.error());
        auto items = items::from_rows(rows->entries);
        if (!items) return fail(items.error());
        return store::Page<items::Item>{std::move(*items), rows->has_more};
      });
  co_return std::move(found);
}

awaitable<Result<items::Item>> ConversationsService::get_item(base::ProjectId project,
                                                              std::string id, std::string item_id) {
  const store::ItemList list = items::conversation_items(project, id);
  auto found =
      co_await database_.read(pools_.store, [&](store::Session& session) -> Result<items::Item> {
        if (auto conversation = items::find_conversation(session, project, id); !conversation)
          return fail(conversation.error());
        auto row = store::items::get(session, list, item_id);
        if (!row && row.error().code == ErrorCode::NotFound)
          return fail(item_not_found(item_id, id));
        if (!row) return fail(row.error());
        return items::from_row(*row);
      });
  co_return std::move(found);
}

awaitable<Result<Conversation>> ConversationsService::remove_item(base::ProjectId project,
                                                                  std::string id,
                                                                  std::string item_id) {
  const std::int64_t now_ms = clock_.now().time_since_epoch().count();
  const store::ItemList list = items::conversation_items(project, id);
  auto removed =
      co_await database_.write([&](store::Transaction& transaction) -> Result<Conversation> {
        auto conversation = find(transaction, project, id);
        if (!conversation) return conversation;
        if (auto status = items::refuse_locked(transaction, list, now_ms); !status)
          return fail(status.error());
        auto status = store::items::remove(transaction, list, item_id);
        if (!status && status.error().code == ErrorCode::NotFound)
          return fail(item_not_found(item_id, id));
        if (!status) return fail(status.error());
        return conversation;
      });
  co_return std::move(removed);
}

}  // namespace api::conversations
