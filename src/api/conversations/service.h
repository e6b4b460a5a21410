// What the Conversations API does, apart from HTTP. What it shares with responses is in
// api/items/conversation.h.
#pragma once

#include <string>
#include <vector>

#include "api/common/metadata.h"
#include "api/items/parse.h"
#include "base/async.h"
#include "base/ids.h"
#include "base/time.h"
#include "store/db/database.h"
#include "store/repo/page.h"

namespace api::conversations {

struct Conversation {
  std::string id;
  std::int64_t created_at = 0;  // Unix seconds
  Metadata metadata;
};

// {"id","object":"conversation","created_at","metadata"}
json::Object conversation_object(const Conversation& conversation);

// Any thread. Owned by app through the routes. NotFound also for another project's objects.
class ConversationsService {
 public:
  ConversationsService(store::Database& database, base::Pools& pools, base::IdGenerator& ids,
                       const base::Clock& clock)
      : database_(database), pools_(pools), ids_(ids), clock_(clock) {}

  base::awaitable<Result<Conversation>> create(base::ProjectId project, Metadata metadata,
                                               std::vector<items::Item> items);
  base::awaitable<Result<Conversation>> get(base::ProjectId project, std::string id);
  base::awaitable<Result<Conversation>> set_metadata(base::ProjectId project, std::string id,
                                                     Metadata metadata);
  // Its items stay: they can still be referred to by their ids.
  base::awaitable<Status> remove(base::ProjectId project, std::string id);

  // Appends all or nothing, and returns what was appended. InvalidRequest (`conversation_locked`)
  // while a response runs on the conversation.
  base::awaitable<Result<std::vector<items::Item>>> add_items(base::ProjectId project,
                                                              std::string id,
                                                              std::vector<items::Item> items);
  base::awaitable<Result<store::Page<items::Item>>> list_items(base::ProjectId project,
                                                               std::string id,
                                                               store::PageRequest page);
  base::awaitable<Result<items::Item>> get_item(base::ProjectId project, std::string id,
                                                std::string item_id);
  // Returns the conversation without it.
  base::awaitable<Result<Conversation>> remove_item(base::ProjectId project, std::string id,
                                                    std::string item_id);

 private:
  store::Database& database_;
  base::Pools& pools_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace api::conversations
