// Responses as they are stored: a document with the object, one list of items for what it was
// given and one for what it said, and for streams in the background the rows of their events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/items/parse.h"
#include "api/items/stored.h"
#include "base/ids.h"
#include "base/json/value.h"
#include "store/db/session.h"
#include "store/repo/documents.h"
#include "store/repo/events.h"
#include "store/repo/items.h"

namespace api::responses::records {

using items::Item;

inline constexpr const char* kKind = "response";  // of its document

// Which of a project's responses.
struct Key {
  base::ProjectId project;
  std::string id;
};

struct Record {
  json::Object response;  // without its output
  bool streamed = false;  // its events are rows
  // The conversation it read, and where in it it began: positions before that are its context.
  std::string conversation = {};
  std::int64_t conversation_end = 0;
};

struct Stored {
  Record record;
  std::int64_t version = 0;
  std::optional<std::int64_t> expires_at;
};

store::ItemList output_of(const Key& key);
store::ItemList input_of(const Key& key);
store::EventStream stream_of(const Key& key);
base::JobId job_of(const std::string& response_id);

struct Lifetime {
  std::int64_t created_at = 0;
  std::optional<std::int64_t> expires_at = {};
};
// The document, the input and what there is of the output.
Status create(store::Transaction& transaction, const Key& key, const Record& record,
              const Lifetime& lifetime, const std::vector<Item>& input,
              const std::vector<Item>& output);
Status append_output(store::Transaction& transaction, const Key& key,
                     const std::vector<Item>& output, std::int64_t created_at);
Status update(store::Transaction& transaction, const Key& key, const Stored& stored);

// NotFound as the real API words it, also for an expired one and another project's.
Result<Stored> get(store::Session& session, const Key& key, std::int64_t now);
// Everything of it. Its job is the caller's business.
Status remove(store::Transaction& transaction, const Key& key);
// The same for the sweeper of what has expired.
Status remove_document(store::Transaction& transaction, const store::DocumentKey& key,
                       std::int64_t now_seconds);

// The whole object: with its output, as `include` asks. The output has its place in the order of
// keys that the object has already.
Result<json::Object> whole(store::Session& session, const Key& key, const Record& record,
                           const items::Include& include);

// What a response that goes on from this one reads: its own context, input and output, oldest
// first. InvalidRequest previous_response_not_found for any of them that is gone.
Result<std::vector<Item>> context(store::Session& session, const Key& key, std::int64_t now);
// What this one has read: its context and input.
Result<std::vector<Item>> read_by(store::Session& session, const Key& key, std::int64_t now);

// The items of a conversation. NotFound when there is no such conversation.
struct ConversationRead {
  std::vector<Item> items;
  std::int64_t end = 0;  // the position after the last
};
Result<ConversationRead> read_conversation(store::Session& session, const base::ProjectId& project,
                                           const std::string& id);

}  // namespace api::responses::records
