#include "api/items/conversation.h"

#include <fmt/format.h>

namespace api::items {
namespace {

constexpr const char* kKind = "conversation";
constexpr const char* kWriter = "items";  // holds the lease inside one transaction only

}  // namespace

store::DocumentKey conversation_key(const base::ProjectId& project, const std::string& id) {
  return {.project = project, .kind = kKind, .id = id};
}

store::ItemList conversation_items(const base::ProjectId& project, const std::string& id) {
  return {project, id};
}

Result<store::Document> find_conversation(store::Session& session, const base::ProjectId& project,
                                          const std::string& id) {
  auto document = store::documents::get(session, conversation_key(project, id));
  if (!document && document.error().code == ErrorCode::NotFound)
    return fail(ErrorCode::NotFound, fmt::format("Conversation with id '{}' not found.", id));
  return document;
}

Error conversation_locked() {
  return {.code = ErrorCode::InvalidRequest,
          .message =
              "Another process is currently operating on this conversation. Please retry in "
              "a few seconds.",
          .param = "conversation",
          .reason = "conversation_locked"};
}

Status refuse_locked(store::Transaction& transaction, const store::ItemList& list,
                     std::int64_t now_ms) {
  const store::items::Lease lease{.holder = kWriter, .now_ms = now_ms, .until_ms = now_ms + 1};
  auto taken = store::items::acquire(transaction, list, lease);
  if (!taken && taken.error().code == ErrorCode::Conflict) return fail(conversation_locked());
  if (!taken) return taken;
  return store::items::release(transaction, list, kWriter);
}

}  // namespace api::items
