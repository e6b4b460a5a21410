// A conversation as the families share it: a document of kind "conversation" and the list of items
// under its id. A running response holds the list's lease (store/repo/items.h) from its start to
// the transaction that appends its items.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/json/value.h"
#include "store/db/session.h"
#include "store/repo/documents.h"
#include "store/repo/items.h"

namespace api::items {

store::DocumentKey conversation_key(const base::ProjectId& project, const std::string& id);
store::ItemList conversation_items(const base::ProjectId& project, const std::string& id);

// NotFound as the real API words it, also for another project's.
Result<store::Document> find_conversation(store::Session& session, const base::ProjectId& project,
                                          const std::string& id);

// InvalidRequest (`conversation_locked`) while a response runs on it. For writes that no response
// makes; those hold the lease.
Status refuse_locked(store::Transaction& transaction, const store::ItemList& list,
                     std::int64_t now_ms);

// The same error for a response that `store::items::acquire` refused.
Error conversation_locked();

}  // namespace api::items
