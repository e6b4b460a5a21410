#include "api/responses/records.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/items/conversation.h"
#include "api/items/stored.h"
#include "base/json/codec.h"
#include "base/limits/response.h"

namespace api::responses::records {
namespace {

struct Body {
  json::Object response;
  bool streamed = false;
  std::optional<std::string> conversation;
  std::optional<std::int64_t> conversation_end;
  static constexpr auto json_fields() {
    return std::tuple{json::field("response", &Body::response),
                      json::field("streamed", &Body::streamed),
                      json::field("conversation", &Body::conversation),
                      json::field("conversation_end", &Body::conversation_end)};
  }
};

store::DocumentKey document_key(const Key& key) {
  return {.project = key.project, .kind = kKind, .id = key.id};
}

std::string to_body(const Record& record) {
  Body body{.response = record.response,
            .streamed = record.streamed,
            .conversation = {},
            .conversation_end = {}};
  body.response["output"] = json::Array();  // keeps its place; the items have rows of their own
  if (!record.conversation.empty()) {
    body.conversation = record.conversation;
    body.conversation_end = record.conversation_end;
  }
  return json::dump(json::write(body));
}

Result<Record> from_body(const std::string& text) {
  constexpr const char* kBroken = "A stored response does not hold together.";
  auto value = json::parse(text);
  if (!value) return fail(ErrorCode::CorruptData, kBroken);
  auto body = json::read<Body>(*value);
  if (!body) return fail(ErrorCode::CorruptData, kBroken);
  return Record{.response = std::move(body->response),
                .streamed = body->streamed,
                .conversation = body->conversation.value_or(""),
                .conversation_end = body->conversation_end.value_or(0)};
}

Status append(store::Transaction& transaction, const store::ItemList& list,
              const std::vector<Item>& given, std::int64_t created_at) {
  if (given.empty()) return {};
  std::vector<store::Item> rows;
  rows.reserve(given.size());
  for (const Item& item : given) rows.push_back(items::to_row(item, created_at));
  return store::items::append(transaction, list, rows);
}

Result<std::vector<Item>> all(store::Session& session, const store::ItemList& list) {
  auto rows = store::items::all(session, list);
  if (!rows) return fail(rows.error());
  return items::from_rows(*rows);
}

std::unexpected<Error> previous_not_found(const std::string& id) {
  return fail(ErrorCode::InvalidRequest,
              fmt::format("Previous response with id '{}' not found.", id), "previous_response_id",
              "previous_response_not_found");
}

// The items of one turn and what it stands on.
struct Turn {
  std::vector<Item> items;
  std::string previous;
  std::size_t bytes = 0;  // of the rows
};

Status add_rows(const std::vector<store::Item>& rows, Turn& turn) {
  auto more = items::from_rows(rows);
  if (!more) return fail(more.error());
  std::ranges::move(*more, std::back_inserter(turn.items));
  for (const auto& row : rows) turn.bytes += row.body.size();
  return {};
}

Result<Turn> read_turn(store::Session& session, const Key& key, std::int64_t now,
                       bool with_output) {
  auto stored = get(session, key, now);
  if (!stored && stored.error().code == ErrorCode::NotFound) return previous_not_found(key.id);
  if (!stored) return fail(stored.error());
  const Record& record = stored->record;
  Turn out;
  if (!record.conversation.empty()) {
    auto rows =
        store::items::all(session, items::conversation_items(key.project, record.conversation));
    if (!rows) return fail(rows.error());
    std::erase_if(*rows,
                  [&](const store::Item& row) { return row.position >= record.conversation_end; });
    if (auto status = add_rows(*rows, out); !status) return fail(status.error());
  }
  const auto add = [&](const store::ItemList& list) -> Status {
    auto rows = store::items::all(session, list);
    if (!rows) return fail(rows.error());
    return add_rows(*rows, out);
  };
  if (auto status = add(input_of(key)); !status) return fail(status.error());
  if (with_output) {
    if (auto status = add(output_of(key)); !status) return fail(status.error());
  }
  out.previous = json::string_or(record.response, "previous_response_id");
  return out;
}

// Turns from the newest back to the first, then joined the right way round.
Result<std::vector<Item>> walk(store::Session& session, const Key& key, std::int64_t now,
                               bool with_output) {
  std::vector<std::vector<Item>> turns;
  std::size_t bytes = 0;
  Key at = key;
  while (!at.id.empty()) {
    if (turns.size() == limits::response_chain_turns_max) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("This conversation has more than {} turns.",
                              limits::response_chain_turns_max),
                  "previous_response_id", "invalid_value");
    }
    auto turn = read_turn(session, at, now, with_output || !turns.empty());
    if (!turn) return fail(turn.error());
    bytes += turn->bytes;
    if (bytes > limits::response_context_bytes_max) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("This conversation has grown beyond {} MB.",
                              limits::response_context_bytes_max >> 20),
                  "previous_response_id", "context_length_exceeded");
    }
    turns.push_back(std::move(turn->items));
    at.id = std::move(turn->previous);
  }
  std::vector<Item> out;
  for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn)
    std::ranges::move(*turn, std::back_inserter(out));
  return out;
}

}  // namespace

store::ItemList output_of(const Key& key) {
  return {key.project, key.id};
}

store::ItemList input_of(const Key& key) {
  return {key.project, key.id + "/input"};
}

store::EventStream stream_of(const Key& key) {
  return {key.project, key.id};
}

base::JobId job_of(const std::string& response_id) {
  return {"job_" + response_id};
}

Status create(store::Transaction& transaction, const Key& key, const Record& record,
              const Lifetime& lifetime, const std::vector<Item>& input,
              const std::vector<Item>& output) {
  store::Document document{.key = document_key(key),
                           .created_at = lifetime.created_at,
                           .expires_at = lifetime.expires_at,
                           .body = to_body(record)};
  if (auto status = store::documents::create(transaction, document); !status) return status;
  if (auto status = append(transaction, input_of(key), input, lifetime.created_at); !status)
    return status;
  return append(transaction, output_of(key), output, lifetime.created_at);
}

Status append_output(store::Transaction& transaction, const Key& key,
                     const std::vector<Item>& output, std::int64_t created_at) {
  return append(transaction, output_of(key), output, created_at);
}

Status update(store::Transaction& transaction, const Key& key, const Stored& stored) {
  auto updated =
      store::documents::update(transaction, document_key(key), stored.version,
                               {.body = to_body(stored.record), .expires_at = stored.expires_at});
  if (!updated) return fail(updated.error());
  return {};
}

Result<Stored> get(store::Session& session, const Key& key, std::int64_t now) {
  auto document = store::documents::get(session, document_key(key));
  const bool gone = document ? document->expires_at && *document->expires_at <= now
                             : document.error().code == ErrorCode::NotFound;
  if (gone) {
    return fail(ErrorCode::NotFound, fmt::format("Response with id '{}' not found.", key.id));
  }
  if (!document) return fail(document.error());
  auto record = from_body(document->body);
  if (!record) return fail(record.error());
  return Stored{.record = std::move(*record),
                .version = document->version,
                .expires_at = document->expires_at};
}

Status remove(store::Transaction& transaction, const Key& key) {
  if (auto status = store::documents::remove(transaction, document_key(key)); !status)
    return status;
  if (auto status = store::items::remove_all(transaction, input_of(key)); !status) return status;
  if (auto status = store::items::remove_all(transaction, output_of(key)); !status) return status;
  return store::events::remove_all(transaction, stream_of(key));
}

Status remove_document(store::Transaction& transaction, const store::DocumentKey& key,
                       std::int64_t) {
  return remove(transaction, {key.project, key.id});
}

Result<json::Object> whole(store::Session& session, const Key& key, const Record& record,
                           const items::Include& include) {
  auto output = all(session, output_of(key));
  if (!output) return fail(output.error());
  json::Object response = record.response;
  json::Array shown;
  for (const Item& item : *output) shown.emplace_back(items::shown(item, include));
  response["output"] = std::move(shown);
  return response;
}

Result<std::vector<Item>> context(store::Session& session, const Key& key, std::int64_t now) {
  auto stored = get(session, key, now);
  if (!stored && stored.error().code == ErrorCode::NotFound) return previous_not_found(key.id);
  if (!stored) return fail(stored.error());
  const std::string_view status = json::string_or(stored->record.response, "status");
  if (status == "queued" || status == "in_progress") {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Previous response with id '{}' is still in progress.", key.id),
                "previous_response_id", "previous_response_in_progress");
  }
  return walk(session, key, now, true);
}

Result<std::vector<Item>> read_by(store::Session& session, const Key& key, std::int64_t now) {
  return walk(session, key, now, false);
}

Result<ConversationRead> read_conversation(store::Session& session, const base::ProjectId& project,
                                           const std::string& id) {
  auto found = items::find_conversation(session, project, id);
  if (!found) return fail(found.error());
  auto rows = store::items::all(session, items::conversation_items(project, id));
  if (!rows) return fail(rows.error());
  ConversationRead out{.items = {}, .end = rows->empty() ? 0 : rows->back().position + 1};
  auto read = items::from_rows(*rows);
  if (!read) return fail(read.error());
  out.items = std::move(*read);
  return out;
}

}  // namespace api::responses::records
